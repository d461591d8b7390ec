/**
 * `holdfast chaos`: the misbehaving server as a command.
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Address from "../address.ts"
import { type CliFailure, failure } from "../failure.ts"
import { Output } from "../output.ts"
import { Signals } from "../signals.ts"
import * as control from "./control.ts"
import { descriptions, parse as parseFault } from "./Fault.ts"
import * as MisbehavingServer from "./misbehavingServer.ts"

/** What the flags say. */
export interface ChaosInput {
  readonly listen: string
  readonly fault: ReadonlyArray<string>
  readonly faults: boolean
  readonly echo: Option.Option<boolean>
  readonly feed: Option.Option<Duration.Duration>
  readonly seed: Option.Option<string>
}

/** Runs until a signal ends it, which is a good end. */
export const chaos = (input: ChaosInput): Effect.Effect<void, CliFailure, Output | Signals> =>
  input.faults ? list : Effect.scoped(Effect.gen(function*() {
    const output = yield* Output
    const signals = yield* Signals
    const { host, port } = yield* Address.fromListen("--listen", input.listen)
    const faults = yield* Effect.mapError(
      Effect.forEach(input.fault, parseFault),
      (problem) => failure("usage", problem, "holdfast chaos --faults lists what there is.")
    )
    const feed = Option.getOrUndefined(input.feed)
    yield* signals.endsWell

    const server = yield* MisbehavingServer.make({
      host,
      port,
      serveHttp: control.make,
      manners: { echo: Option.getOrElse(input.echo, () => feed === undefined), feed },
      tell: ({ event, message, ...where }) =>
        Effect.runFork(output.note(
          "info",
          event,
          `${where.connection === undefined ? "" : `#${where.connection} `}${message}`,
          where
        ))
    }).pipe(Effect.mapError((error) => Address.cannotListen("--listen", input.listen, error)))
    yield* server.misbehave(faults)
    yield* output.data(server.url, { event: "listening", url: server.url, port: server.port })
    yield* output.note("info", "hint", `Faults are chosen over HTTP: curl ${server.url.replace("ws:", "http:")}`)
    return yield* Effect.never
  })).pipe((effect) => Option.isNone(input.seed) ? effect : Random.withSeed(effect, input.seed.value))

const list = Effect.gen(function*() {
  const output = yield* Output
  yield* Effect.forEach(
    Object.entries(descriptions),
    ([name, description]) => output.data(`${name.padEnd(18)} ${description}`, { name, description }),
    { discard: true }
  )
})
