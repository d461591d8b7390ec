/**
 * `--show-ping-pong`: tells of the peer's pings and pongs.
 */
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import type { Output } from "../output.ts"
import { isReceipt } from "./receipts.ts"
import type { Watcher } from "./watchedTransport.ts"

/** A watcher that tells of them on stderr. */
export const showPingPong = (output: Output["Service"]): Effect.Effect<Watcher, never, Scope.Scope> =>
  Effect.gen(function*() {
    // Told inside the socket's callback, written outside of it; a flood of pings drops the oldest.
    const queue = yield* Queue.sliding<{ readonly kind: string; readonly data: string }>(1024)
    yield* Effect.forkScoped(
      Effect.forever(Effect.flatMap(
        Queue.take(queue),
        ({ data, kind }) => output.note("info", kind, `Received ${kind} (data: "${data}")`, { data })
      ))
    )
    return {
      control: (direction, kind, payload) => {
        if (direction === "received" && !isReceipt(payload)) {
          Queue.offerUnsafe(queue, { kind, data: new TextDecoder().decode(payload) })
        }
      }
    }
  })
