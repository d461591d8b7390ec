/** The options of an outbox that can be wrong, checked and complete. */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { ConnectionError } from "../../ConnectionError.ts"
import { positiveDuration } from "../../internal/duration.ts"
import { invalid, wholeNumber } from "../../internal/optionValues.ts"

export interface GivenOptions {
  readonly name: string
  readonly inFlight?: number | undefined
  readonly storeTimeout?: Duration.Input | undefined
}

export interface CheckedOptions {
  readonly name: string
  readonly inFlight: number
  readonly storeTimeout: Duration.Duration
}

/** Fails with `InvalidRequest` and a sentence that names the option. */
export const checkOptions = (given: GivenOptions): Effect.Effect<CheckedOptions, ConnectionError> =>
  Effect.fromResult(Result.mapError(
    Result.gen(function*() {
      if (typeof given.name !== "string" || given.name === "") {
        return yield* invalid("name", "use a text that is not empty")
      }
      return {
        name: given.name,
        inFlight: yield* wholeNumber("inFlight", given.inFlight ?? 64, "messages"),
        storeTimeout: yield* positiveDuration("storeTimeout", given.storeTimeout ?? "10 seconds")
      }
    }),
    (reason) => new ConnectionError({ reason })
  ))
