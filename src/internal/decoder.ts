/**
 * From one message to the values in it, or to what is wrong with it: a codec and
 * a schema, put together once.
 */
import * as Cause from "effect/Cause"
import type * as Exit from "effect/Exit"
import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import type * as SchemaIssue from "effect/SchemaIssue"
import * as SchemaParser from "effect/SchemaParser"
import type { Codec } from "../Codec.ts"
import type { Message } from "../Link.ts"
import { describeUnknown } from "./describe.ts"
import { headOf, nameOfThrown } from "./frameHead.ts"
import { formatIssue, outlineOf } from "./schemaIssue.ts"
import { onOneLine } from "./text.ts"

/** What is wrong with a message. */
export interface Problem {
  /** Whether it is the codec that cannot read it, or the schema that it does not fit. */
  readonly by: "codec" | "schema"
  /** For people; nothing of the message in it where the codec is redacted. */
  readonly issue: string
  /** The same for all messages that are wrong in the same way. */
  readonly kind: string
  /** How the frame, or the part of it, begins. */
  readonly head: string
}

/** Stands for what is no value. */
export const invalid: unique symbol = Symbol("invalid")

export class Decoder<A> {
  private readonly codec: Codec
  private readonly fromSchema: (input: unknown) => Exit.Exit<A, SchemaIssue.Issue>
  /** What was wrong where `decode` said `invalid`. */
  problem: Problem | undefined = undefined

  constructor(codec: Codec, schema: Schema.ConstraintDecoder<A>) {
    this.codec = codec
    this.fromSchema = SchemaParser.decodeUnknownExit(schema)
  }

  /** Whether a message may hold several values. */
  get splits(): boolean {
    return this.codec.split !== undefined
  }

  /** The parts of a message; one that cannot be split is told by `problem`, and has none. */
  split(message: Message): ReadonlyArray<Message> {
    try {
      return Array.from(this.codec.split!(message))
    } catch (cause) {
      this.problem = this.ofCodec(cause, message)
      return []
    }
  }

  /**
   * The value in a message, or in a part of one.
   *
   * The hot path: no effect, no `Result`, and nothing allocated beside what the
   * codec and the schema allocate.
   */
  decode(message: Message): A | typeof invalid {
    let value: unknown
    try {
      value = this.codec.decode(message)
    } catch (cause) {
      this.problem = this.ofCodec(cause, message)
      return invalid
    }
    const exit = this.fromSchema(value)
    if (exit._tag === "Success") return exit.value
    this.problem = this.ofSchema(exit.cause, message)
    return invalid
  }

  private ofCodec(cause: unknown, message: Message): Problem {
    // Not a `CodecError`: to make an error costs as much as decoding a hundred messages.
    const isRedacted = this.codec.redacted === true
    const name = nameOfThrown(cause)
    return {
      by: "codec",
      issue: `${this.codec.name} cannot decode it: ${isRedacted ? name : onOneLine(describeUnknown(cause))}`,
      kind: `${this.codec.name}: ${name}`,
      head: headOf(message, isRedacted)
    }
  }

  private ofSchema(cause: Cause.Cause<SchemaIssue.Issue>, message: Message): Problem {
    const isRedacted = this.codec.redacted === true
    const head = headOf(message, isRedacted)
    const issue = Cause.findError(cause)
    if (Result.isSuccess(issue)) {
      const kind = outlineOf(issue.success)
      return { by: "schema", issue: isRedacted ? kind : formatIssue(issue.success), kind, head }
    }
    // A transformation that threw, or one that is not synchronous.
    const defect = describeDefect(cause, isRedacted)
    return { by: "schema", issue: defect, kind: "a defect", head }
  }
}

export const describeDefect = (cause: Cause.Cause<unknown>, isRedacted: boolean): string => {
  const defect = Cause.squash(cause)
  if (isRedacted) return "the schema's own code failed"
  return `the schema's own code failed, or was not synchronous: ${describeUnknown(defect)}`
}
