/**
 * What a ping must be, and the wait until it has left.
 */
import * as Effect from "effect/Effect"
import { InvalidRequest } from "../ConnectionError.ts"
import { type Waiters, waitFor } from "./wait.ts"

/** Bytes that a ping's payload may have (RFC 6455 §5.5). */
export const maxPing = 125

/** Why a ping is never sent: the transport cannot, or else the payload is too long. */
export const pingRefusal = (unable: boolean, payload: Uint8Array): InvalidRequest =>
  unable
    ? new InvalidRequest({
      option: "heartbeat",
      problem: "this transport cannot send pings; use Heartbeat.layerMessage"
    })
    : new InvalidRequest({
      option: "ping payload",
      problem: `a control frame holds at most ${maxPing} bytes (RFC 6455 §5.5), not ${payload.length}`
    })

/** Starts, and succeeds once `done` was called; goes on with `failed` where the link ends first. */
export const whenDone = <E>(
  start: (done: () => void) => void,
  onceEnded: Waiters,
  failed: Effect.Effect<never, E>
): Effect.Effect<void, E> =>
  Effect.suspend(() => {
    let isDone = false
    let wake: (() => void) | undefined
    start(() => {
      isDone = true
      wake?.()
    })
    if (isDone) return Effect.void
    return waitFor<void, E, never>(
      (resume) => {
        if (isDone) resume()
        wake = resume
        const forget = onceEnded.add(resume)
        return () => {
          wake = undefined
          forget()
        }
      },
      Effect.suspend(() => isDone ? Effect.void : failed)
    )
  })
