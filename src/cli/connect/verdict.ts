/**
 * What the end of a conversation means: success, or a failure with its exit code.
 */
import * as Effect from "effect/Effect"
import { optionFailure } from "../connectionOptions.ts"
import { CliFailure, connectionFailure, failure } from "../failure.ts"
import { plural } from "../inWords.ts"
import type { Outcome } from "./filter.ts"

/** What is known beside the outcome. */
export interface Circumstances {
  /** Messages of sessions that were lost, of which it is unknown whether they arrived. */
  readonly uncertain: number
  readonly dials: number
  /** How often it might be dialled again; undefined for as often as it takes. */
  readonly retries: number | undefined
  /** Sessions that have been open. */
  readonly sessions: number
  /** What was wanted, if anything. */
  readonly wanted: "count" | "expect" | undefined
}

/** Succeeds where all went as it should. */
export const judge = (outcome: Outcome, around: Circumstances): Effect.Effect<void, CliFailure> => {
  const { error, satisfied, unsent } = outcome
  if (satisfied && around.wanted !== undefined) return Effect.void
  const uncertain = around.uncertain + outcome.unconfirmed
  const isLost = around.sessions > 0 && (unsent > 0 || uncertain > 0)
  // A peer that ends the conversation in good order is no failure of it.
  const isNormal = error === undefined ||
    (error.reason._tag === "NormalClosure" && around.sessions > 0)
  if (isNormal && !isLost) return around.wanted === undefined ? Effect.void : Effect.fail(missing(around, outcome))
  if (isLost) {
    const undelivered = failure("undelivered", inWords(unsent, uncertain), undeliveredAdvice)
    return Effect.fail(
      error === undefined ? undelivered : new CliFailure({
        exit: "undelivered",
        message: `${undelivered.message} ${error.message}`,
        advice: undeliveredAdvice,
        cause: error
      })
    )
  }
  if (error === undefined) return Effect.void
  // The classification may allow a dial or two and then has the last word: that is the cause, not a lack of patience.
  const gaveUp = around.retries !== undefined && around.retries > 0 && around.dials > around.retries
  return Effect.fail(
    error.reason._tag === "InvalidRequest"
      ? optionFailure(error)
      : connectionFailure(error, gaveUp ? { dials: around.dials } : undefined)
  )
}

const undeliveredAdvice =
  "What was on its way when a connection was lost may or may not have arrived: ask the server, or send it again."

const inWords = (unsent: number, uncertain: number): string => {
  const parts = [
    ...(unsent > 0 ? [`${counted(unsent)} not sent`] : []),
    ...(uncertain > 0
      ? [
        uncertain === 1
          ? "of 1 message it is unknown whether it arrived"
          : `of ${uncertain} messages it is unknown whether they arrived`
      ]
      : [])
  ]
  return `${parts.join(", and ")}.`
}

const counted = (messages: number): string => messages === 1 ? "1 message was" : `${messages} messages were`

const missing = ({ wanted }: Circumstances, { received }: Outcome): CliFailure =>
  wanted === "count"
    ? failure(
      "unexpected",
      `It ended after ${plural(received, "message")}, before --count.`,
      "--wait waits longer for more."
    )
    : failure(
      "unexpected",
      `It ended without a message that matches --expect; ${received} came.`,
      "--wait waits longer."
    )
