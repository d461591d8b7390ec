/** From a message to what is stored, and from that to what is sent. */
import * as Cause from "effect/Cause"
import type * as Exit from "effect/Exit"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { Issue } from "effect/SchemaIssue"
import * as SchemaParser from "effect/SchemaParser"
import type { Message as Frame } from "../../Connection.ts"
import type { ConnectionError } from "../../ConnectionError.ts"
import { formatIssue } from "../../internal/schemaIssue.ts"
import type { Outgoing as Packed } from "./courier.ts"
import type { Entry } from "./log.ts"

export interface PackingOptions<Message, Outgoing> {
  readonly schema: Schema.Codec<Message, unknown>
  readonly idOf?: ((message: Message) => string) | undefined
  readonly toOutgoing?: ((message: Message, id: string, sequence: number) => Outgoing) | undefined
}

export class Packing<Message, Outgoing> {
  private readonly options: PackingOptions<Message, Outgoing>
  private readonly encodeFrame: (outgoing: Outgoing) => Result.Result<Frame, ConnectionError>
  private readonly encode: (message: unknown) => Exit.Exit<unknown, Issue>
  private readonly decode: (json: unknown) => Exit.Exit<Message, Issue>
  /** What the ids of this outbox begin with; like every other until the store was opened. */
  private prefix = "0".repeat(16)

  constructor(
    options: PackingOptions<Message, Outgoing>,
    encodeFrame: (outgoing: Outgoing) => Result.Result<Frame, ConnectionError>
  ) {
    this.options = options
    this.encodeFrame = encodeFrame
    const json = Schema.toCodecJson(options.schema)
    this.encode = SchemaParser.encodeUnknownExit(json)
    this.decode = SchemaParser.decodeUnknownExit(json)
  }

  /** The store was opened. */
  opened(id: string): void {
    this.prefix = id
  }

  /** What is stored for a message, or what is wrong with it: what is accepted can also be sent. */
  store(message: Message): Result.Result<string, string> {
    return Result.try({
      try: () => {
        const payload = JSON.stringify(valueOf(this.encode(message)))
        this.frame(message, 0)
        return payload
      },
      catch: (problem) => problem instanceof Error ? problem.message : String(problem)
    })
  }

  /** What is sent for a stored message, or why nothing can be. */
  pack({ payload, sequence }: Entry): Result.Result<Packed, unknown> {
    return Result.try({
      try: () => this.frame(valueOf(this.decode(JSON.parse(payload))), sequence),
      catch: (problem) => problem
    })
  }

  idOf(message: Message, sequence: number): string {
    return this.options.idOf?.(message) ?? `${this.prefix}-${sequence}`
  }

  private frame(message: Message, sequence: number): Packed {
    const { toOutgoing } = this.options
    const id = this.idOf(message, sequence)
    // The default is for messages that are what is sent; the compiler cannot know.
    const outgoing = toOutgoing === undefined ? message as unknown as Outgoing : toOutgoing(message, id, sequence)
    const frame = this.encodeFrame(outgoing)
    if (frame._tag === "Failure") throw reasonOf(frame.failure)
    return { id, frame: frame.success }
  }
}

const valueOf = <A>(exit: Exit.Exit<A, Issue>): A => {
  if (exit._tag === "Success") return exit.value
  const issue = Cause.findError(exit.cause)
  throw issue._tag === "Success" ? new Error(formatIssue(issue.success)) : Cause.squash(exit.cause)
}

/** What is wrong with the message itself. */
const reasonOf = ({ reason }: ConnectionError): Error => {
  const inner = reason._tag === "SendFailed" ? reason.cause.reason : reason
  return new Error(inner._tag === "InvalidRequest" ? inner.problem : inner.message)
}
