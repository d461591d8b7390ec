/**
 * Why a sink did not take messages.
 */
import * as Data from "effect/Data"

/** A sink did not take messages. */
export class SinkProblem extends Data.TaggedError("SinkProblem")<{
  /** Follows "the sink NAME": `cannot be written: …`. */
  readonly sentence: string
  /** These messages will never be taken: the next ones may. */
  readonly rejected?: boolean | undefined
  /** What was asked for before the next attempt, milliseconds. */
  readonly retryAfter?: number | undefined
}> {
  override get message(): string {
    return this.sentence
  }
}
