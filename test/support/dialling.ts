// Dialling a server of a test through NodeTransport.
import * as Effect from "effect/Effect"
import * as Headers from "effect/http/Headers"
import type * as Scope from "effect/Scope"
import type { ConnectionError, Reason } from "../../src/ConnectionError.ts"
import type { HandshakeRequest, Verify } from "../../src/Handshake.ts"
import { verifyWith } from "../../src/internal/verify.ts"
import type { Link } from "../../src/Link.ts"
import * as NodeTransport from "../../src/node/NodeTransport.ts"
import type { DialPhase } from "../../src/Transport.ts"
import type { RealPeer } from "./realPeer.ts"
import type { RealServer } from "./realServer.ts"

export interface DialOptions extends NodeTransport.NodeTransportOptions {
  readonly headers?: Headers.Input | undefined
  readonly subprotocols?: ReadonlyArray<string> | undefined
  readonly secretSubprotocols?: ReadonlyArray<string> | undefined
  readonly requireSubprotocol?: boolean | undefined
  readonly verify?: Verify | undefined
  readonly attempt?: number | undefined
  readonly progress?: ((phase: DialPhase) => void) | undefined
}

export const dial = (
  url: string,
  options: DialOptions = {}
): Effect.Effect<Link, ConnectionError, Scope.Scope> => {
  const { attempt, headers, progress, requireSubprotocol, secretSubprotocols, subprotocols, verify, ...transport } =
    options
  return Effect.flatMap(NodeTransport.make(transport), ({ dial, extensions }) => {
    const request: HandshakeRequest = {
      url,
      headers: Headers.fromInput(headers ?? {}),
      subprotocols: subprotocols ?? [],
      secretSubprotocols,
      extensions,
      attempt: attempt ?? 1,
      endpoint: url.replace(/[?#].*/, "")
    }
    return dial(request, verify ?? verifyWith({ requireSubprotocol: requireSubprotocol ?? true }), progress)
  })
}

/** The reason for which a dial fails; a link is a defect. */
export const refusal = (url: string, options?: DialOptions): Effect.Effect<Reason, never, Scope.Scope> =>
  Effect.matchEffect(dial(url, options), {
    onFailure: (error) => Effect.succeed(error.reason),
    onSuccess: () => Effect.die(new Error("the dial was to fail"))
  })

/** The reason for which a link ends. */
export const endOf = (link: Link): Effect.Effect<Reason> => Effect.map(Effect.flip(link.ended), (error) => error.reason)

/** Both ends of an open connection. */
export const connect = (
  server: RealServer,
  options?: DialOptions
): Effect.Effect<{ readonly link: Link; readonly peer: RealPeer }, ConnectionError, Scope.Scope> =>
  Effect.gen(function*() {
    const link = yield* dial(server.url, options)
    return { link, peer: yield* server.peer }
  })
