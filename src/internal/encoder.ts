/**
 * From a value to the message that is sent.
 */
import * as Cause from "effect/Cause"
import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import * as SchemaParser from "effect/SchemaParser"
import * as Codec from "../Codec.ts"
import { ConnectionError, InvalidRequest } from "../ConnectionError.ts"
import type { Message } from "../Link.ts"
import { describeDefect } from "./decoder.ts"
import { formatIssue, outlineOf } from "./schemaIssue.ts"
import { sendFailed } from "./sendFailures.ts"

/** A value as a message, or the `SendFailed` that says what is wrong with it. */
export type Encoder<A> = (value: A) => Result.Result<Message, ConnectionError>

export const makeEncoder = <S extends Schema.ConstraintEncoder<unknown>>(
  codec: Codec.Codec,
  schema: S
): Encoder<S["Type"]> => {
  const encode = SchemaParser.encodeUnknownExit(schema)
  const isRedacted = codec.redacted === true
  return (value) => {
    const exit = encode(value)
    if (exit._tag === "Failure") {
      const issue = Cause.findError(exit.cause)
      if (Result.isFailure(issue)) return refused(describeDefect(exit.cause, isRedacted))
      return refused((isRedacted ? outlineOf : formatIssue)(issue.success))
    }
    return Result.mapError(Codec.encode(codec, exit.value), ({ message }) => refusal(message))
  }
}

const refusal = (problem: string): ConnectionError =>
  sendFailed(new ConnectionError({ reason: new InvalidRequest({ option: "message", problem }) }))

const refused = (problem: string): Result.Result<never, ConnectionError> => Result.fail(refusal(problem))
