/**
 * Exponential backoff with full jitter, as a schedule that looks at the error.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Schedule from "effect/Schedule"
import type { ConnectionError, Reason } from "../ConnectionError.ts"

/** The bounds of the draws. */
export interface Backoff {
  /** Of the first delay after an established session was lost. */
  readonly first: Duration.Duration
  /** Of the first delay otherwise; the n-th is `base * factor ** (n - 1)`. */
  readonly base: Duration.Duration
  readonly factor: number
  /** Of all of them. */
  readonly cap: Duration.Duration
}

/** For ever; each delay is drawn uniformly from zero to its bound, with Effect's `Random`. */
export const make = (backoff: Backoff): Schedule.Schedule<Duration.Duration, ConnectionError> => {
  const base = Duration.toMillis(backoff.base)
  const first = Duration.toMillis(backoff.first)
  const cap = Duration.toMillis(backoff.cap)
  const boundOf = (step: number, error: ConnectionError): number =>
    Math.min(cap, step === 1 && !isFailedDial(error.reason) ? first : base * backoff.factor ** (step - 1))
  return Schedule.fromStepWithMetadata(
    Effect.succeed((metadata: Schedule.InputMetadata<ConnectionError>) =>
      Effect.map(Random.nextBetween(0, boundOf(metadata.attempt, metadata.input)), (millis) => {
        const delay = Duration.millis(millis)
        return [delay, delay] as [Duration.Duration, Duration.Duration]
      })
    )
  )
}

/** Whether the attempt ended before a session was established, by the reason alone. */
export const isFailedDial = (reason: Reason): boolean => {
  switch (reason._tag) {
    case "InvalidRequest":
    case "CredentialsFailed":
    case "ConnectFailed":
    case "HandshakeTimeout":
    case "HandshakeRejected":
    case "HandshakeInvalid":
    case "GreetingFailed":
      return true
    default:
      return false
  }
}
