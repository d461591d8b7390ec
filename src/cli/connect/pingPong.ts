/**
 * `--show-ping-pong`: tells of the peer's pings and pongs.
 */
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import { isUtf8 } from "node:buffer"
import type { Output } from "../output.ts"
import { isReceipt } from "./receipts.ts"
import type { Watcher } from "./watchedTransport.ts"

/** A watcher that tells of them on stderr. */
export const showPingPong = (output: Output["Service"]): Effect.Effect<Watcher, never, Scope.Scope> =>
  Effect.gen(function*() {
    // Told inside the socket's callback, written outside of it; a flood of pings drops the oldest.
    const queue = yield* Queue.sliding<{ readonly kind: string; readonly payload: Buffer }>(1024)
    yield* Effect.forkScoped(
      Effect.forever(Effect.flatMap(
        Queue.take(queue),
        ({ kind, payload }) =>
          isText(payload)
            ? output.note("info", kind, `Received ${kind} (data: "${payload.toString()}")`, {
              data: payload.toString()
            })
            : output.note("info", kind, `Received ${kind} (data: 0x${payload.toString("hex")})`, {
              base64: payload.toString("base64")
            })
      ))
    )
    return {
      control: (direction, kind, payload) => {
        if (direction === "received" && !isReceipt(payload)) {
          Queue.offerUnsafe(queue, { kind, payload: Buffer.from(payload) })
        }
      }
    }
  })

/** The heartbeat's own pings are counters, and come back in pongs. */
const isText = (payload: Buffer): boolean => isUtf8(payload) && !/\p{Cc}/u.test(payload.toString())
