/**
 * The transport of Node, which also shows its links to somebody.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { ConnectionError } from "../../ConnectionError.ts"
import type { Link } from "../../Link.ts"
import * as NodeTransport from "../../node/NodeTransport.ts"
import { Transport } from "../../Transport.ts"

/** Who watches. Both are called inside the socket's callback. */
export interface Observer {
  /** A dial succeeded; the introduction is still ahead. */
  readonly linked: (link: Link) => void
  /** A message came, at this monotonic moment (Effect's Clock). */
  readonly messaged: (nanos: bigint) => void
}

/** `NodeTransport.layer` with an observer. */
export const observedTransport = (
  options: NodeTransport.NodeTransportOptions | undefined,
  observer: Observer
): Layer.Layer<Transport, ConnectionError> =>
  Layer.effect(
    Transport,
    Effect.gen(function*() {
      const transport = yield* NodeTransport.make(options)
      const clock = yield* Clock.clockWith(Effect.succeed)
      return Transport.of({
        ...transport,
        dial: (request, verify, progress) =>
          Effect.tap(transport.dial(request, verify, progress), (link) => {
            observer.linked(link)
            return link.onMessage(() => observer.messaged(clock.monotonicTimeNanosUnsafe()))
          })
      })
    })
  )
