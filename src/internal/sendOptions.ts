/**
 * What one send may be told: until when it is worth sending, and what it stands
 * for.
 */
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import { ConnectionError, InvalidRequest, SendExpired, SendReplaced } from "../ConnectionError.ts"
import { positiveDuration } from "./duration.ts"

/** Delivery, chosen for one message. */
export interface SendOptions {
  /**
   * A frame that is not handed to the transport within this time is not sent at
   * all: `send` fails with `SendFailed`, whose cause is `SendExpired`. Default: it
   * waits as long as it must.
   */
  readonly expireAfter?: Duration.Input | undefined
  /**
   * Of the frames with the same key that wait to be sent only the newest is kept,
   * in the place of the oldest; the send of one that is replaced fails with
   * `SendFailed`, whose cause is `SendReplaced`. Default: none.
   */
  readonly replaceKey?: string | undefined
}

/** The same, checked, for a frame that waits. */
export interface Wanted {
  /** Monotonic nanoseconds; undefined where it never expires. */
  readonly expiresAt: bigint | undefined
  readonly expireAfter: Duration.Duration | undefined
  readonly replaceKey: string | undefined
}

/** What a send wants that was told nothing. */
export const nothingWanted: Wanted = { expiresAt: undefined, expireAfter: undefined, replaceKey: undefined }

/** The options from now on, or what is wrong with them. */
export const checkSend = (options: SendOptions, clock: Clock.Clock): Wanted | InvalidRequest => {
  if (typeof options !== "object" || options === null) {
    return new InvalidRequest({ option: "send", problem: "use an object with `expireAfter` and `replaceKey`" })
  }
  const { expireAfter, replaceKey } = options
  if (replaceKey !== undefined && typeof replaceKey !== "string") {
    return new InvalidRequest({ option: "replaceKey", problem: "use a string" })
  }
  if (expireAfter === undefined) {
    return replaceKey === undefined ? nothingWanted : { expiresAt: undefined, expireAfter, replaceKey }
  }
  const checked = positiveDuration("expireAfter", expireAfter)
  if (checked._tag === "Failure") return checked.failure
  return {
    expiresAt: clock.monotonicTimeNanosUnsafe() + Duration.toNanosUnsafe(checked.success),
    expireAfter: checked.success,
    replaceKey
  }
}

/** Why a frame was not sent in time. */
export const expired = (after: Duration.Duration, because: string): ConnectionError =>
  new ConnectionError({ reason: new SendExpired({ after, because }) })

/** Why a frame was not sent, though a newer one with its key may be. */
export const replaced = (key: string): ConnectionError => new ConnectionError({ reason: new SendReplaced({ key }) })
