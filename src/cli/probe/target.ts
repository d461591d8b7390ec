/**
 * What is probed: where to, and with which request.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { ConnectionError } from "../../ConnectionError.ts"
import * as Handshake from "../../Handshake.ts"
import type { Target as Hop } from "../../node/internal/redirect.ts"
import { type Config, resolve } from "../../node/internal/transportOptions.ts"
import type * as NodeConnection from "../../node/NodeConnection.ts"
import type { NodeTransportOptions } from "../../node/NodeTransport.ts"
import { optionFailure } from "../connectionOptions.ts"
import type { CliFailure } from "../failure.ts"

/** What every hop has in common. */
export interface Target {
  readonly request: Handshake.HandshakeRequest
  readonly verify: Handshake.Verify
  readonly config: Config
  /** For each step of the handshake. */
  readonly deadline: Duration.Duration
}

/** The first hop; redirects lead to others. */
export const firstHop = ({ endpoint, headers, subprotocols, url }: Handshake.HandshakeRequest): Hop => ({
  endpoint,
  headers,
  subprotocols,
  url
})

/** The options of a connection whose transport is the library's own. */
export interface ProbedOptions extends NodeConnection.Options {
  readonly transport?: NodeTransportOptions | undefined
}

/** Makes the request as the library would. Fails where an option can never work. */
export const target = (options: ProbedOptions): Effect.Effect<Target, CliFailure> =>
  Effect.gen(function*() {
    const config = yield* Effect.fromResult(resolve(options.transport ?? {}, process.env)).pipe(
      Effect.mapError((reason) => new ConnectionError({ reason }))
    )
    const handshake = yield* Handshake.make(options)
    const request = yield* handshake.request({ attempt: 1, previous: Option.none() })
    return {
      request: { ...request, extensions: config.extensions },
      verify: handshake.verify,
      config,
      deadline: options.timeout === undefined
        ? Duration.seconds(10)
        : Duration.fromInputUnsafe(options.timeout)
    }
  }).pipe(Effect.mapError((error) => optionFailure(error)))
