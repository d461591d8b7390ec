/**
 * What is said over the control socket: a request and its reply, a line of JSON
 * each. Both sides check what they read, so that a command and a daemon of
 * different versions fail with a sentence.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { CliFailure, failure } from "../failure.ts"
import { ConnectionReport } from "../fleet/ConnectionReport.ts"

/** Rises when an older side could misunderstand a newer one. */
export const protocolVersion = 1

/** The longest line, in bytes: a message of 16 MiB in base64, and something around it. */
export const longestLine = 24 * 1024 * 1024

/** How a process of ours ended. */
export const ProcessEnd = Schema.Struct({
  /** When, ISO 8601. */
  at: Schema.String,
  /** A sentence: by which signal, or with which code and why. */
  message: Schema.String,
  code: Schema.optional(Schema.Number),
  signal: Schema.optional(Schema.String),
  /** The name of the exit code, where it is one of the command's own. */
  exit: Schema.optional(Schema.String),
  /** The tag of the connection error that ended it. */
  reason: Schema.optional(Schema.String),
  advice: Schema.optional(Schema.String),
  /** The last lines of its stderr. */
  stderr: Schema.Array(Schema.String)
})

/** How a process of ours ended. */
export type ProcessEnd = typeof ProcessEnd.Type

/** A daemon, and its connections. Times are ISO 8601, durations milliseconds. */
export const DaemonReport = Schema.Struct({
  name: Schema.String,
  /** `starting` until the first handshakes are done; `restarting` after a crash, until the next worker runs. */
  state: Schema.Literals(["starting", "running", "restarting", "unresponsive", "stopping"]),
  version: Schema.String,
  pid: Schema.Number,
  since: Schema.String,
  uptime: Schema.Number,
  /** The config's file. */
  config: Schema.String,
  /** The url of the page, where there is one. */
  http: Schema.optional(Schema.String),
  /** The process that holds the connections; none where the daemon does so itself. */
  worker: Schema.optional(Schema.Struct({
    pid: Schema.optional(Schema.Number),
    since: Schema.optional(Schema.String),
    /** How often it was started again. */
    restarts: Schema.Number,
    /** When the next one is due. */
    nextStartAt: Schema.optional(Schema.String),
    last: Schema.optional(ProcessEnd)
  })),
  /** Where its log is, and what could not be written to it. */
  log: Schema.optional(Schema.Struct({
    file: Schema.String,
    lostLines: Schema.Number,
    lostBytes: Schema.Number,
    error: Schema.optional(Schema.String)
  })),
  connections: Schema.Array(ConnectionReport)
})

/** A daemon, and its connections. */
export type DaemonReport = typeof DaemonReport.Type

/** What `reload` did, by the names of the connections. */
export const AppliedReport = Schema.Struct({
  added: Schema.Array(Schema.String),
  changed: Schema.Array(Schema.String),
  removed: Schema.Array(Schema.String),
  unchanged: Schema.Array(Schema.String)
})

const Done = Schema.Struct({})
const Connection = { connection: Schema.String }

/** What can be asked for. */
export const Request = Schema.Union([
  Schema.TaggedStruct("Status", {}),
  /** Answered when each connection has been open once, or one has failed for good. */
  Schema.TaggedStruct("Started", {}),
  Schema.TaggedStruct("Stop", {}),
  Schema.TaggedStruct("Reload", {}),
  /** Without a connection: to the only one. */
  Schema.TaggedStruct("Send", {
    connection: Schema.optional(Schema.String),
    text: Schema.optional(Schema.String),
    /** Base64; a binary message. */
    binary: Schema.optional(Schema.String)
  }),
  Schema.TaggedStruct("Reconnect", Connection),
  Schema.TaggedStruct("Close", Connection)
])

/** What can be asked for. */
export type Request = typeof Request.Type

/** What is answered to each request. */
export const replies = {
  Status: DaemonReport,
  Started: Done,
  Stop: Done,
  Reload: AppliedReport,
  Send: Done,
  Reconnect: Done,
  Close: Done
} as const

/** The answer to a request. */
export type Reply<Tag extends Request["_tag"]> = (typeof replies)[Tag]["Type"]

/** Answers requests. */
export type Handlers = { readonly [Tag in Request["_tag"]]: Handler<Tag> }

/** Answers one kind of request. */
export type Handler<Tag extends Request["_tag"]> = (
  request: Extract<Request, { readonly _tag: Tag }>
) => Effect.Effect<Reply<Tag>, CliFailure>

/** The line of a request. What the version means is only known once the version is, hence `request` is looked at later. */
const RequestLine = Schema.fromJsonString(Schema.Struct({
  holdfast: Schema.Number,
  id: Schema.Number,
  request: Schema.optional(Schema.Unknown),
  cancel: Schema.optional(Schema.Boolean)
}))

const ReplyLine = Schema.fromJsonString(Schema.Struct({
  holdfast: Schema.Number,
  id: Schema.Number,
  reply: Schema.optional(Schema.Unknown),
  failure: Schema.optional(Schema.Unknown)
}))

// The causes' schemas need no services, but their type does not say so.
const FailureJson = Schema.toCodecJson(CliFailure) as Schema.Codec<CliFailure, unknown>

/** A request's line, without its end. */
export const requestLine = (id: number, request: Request): string =>
  JSON.stringify({ holdfast: protocolVersion, id, request })

/** The line that says that nobody waits for the answer any more. */
export const cancelLine = (id: number): string => JSON.stringify({ holdfast: protocolVersion, id, cancel: true })

/** What a line asks for; a failure is to be answered with, under the id if there was one. */
export const readRequest = (
  line: string
): { readonly id: number; readonly request: Request | CliFailure | "cancel" } => {
  const head = Schema.decodeUnknownExit(RequestLine)(line)
  if (head._tag === "Failure") return { id: 0, request: failure("usage", "That is no request of holdfast's.") }
  const { cancel, holdfast, id, request } = head.value
  if (holdfast !== protocolVersion) return { id, request: otherVersion("command", holdfast) }
  if (cancel === true) return { id, request: "cancel" }
  const decoded = Schema.decodeUnknownExit(Request)(request)
  return {
    id,
    request: decoded._tag === "Success" ? decoded.value : failure("usage", "The daemon does not know this request.")
  }
}

/** A reply's line, without its end. */
export const replyLine = (id: number, answer: { readonly reply: unknown } | { readonly failure: CliFailure }): string =>
  JSON.stringify({
    holdfast: protocolVersion,
    id,
    ...("reply" in answer ? answer : { failure: Schema.encodeUnknownSync(FailureJson)(answer.failure) })
  })

/** What a line answers: the reply is checked by `checkReply`, once it is known to what it is one. */
export const readReply = (
  line: string
): Effect.Effect<{ readonly id: number; readonly answer: Effect.Effect<unknown, CliFailure> }, CliFailure> =>
  Effect.gen(function*() {
    const head = Schema.decodeUnknownExit(ReplyLine)(line)
    if (head._tag === "Failure") {
      return yield* Effect.fail(failure("failure", "What answers is no daemon of holdfast's."))
    }
    const { holdfast, id } = head.value
    if (holdfast !== protocolVersion) return { id, answer: Effect.fail(otherVersion("daemon", holdfast)) }
    if (head.value.failure === undefined) return { id, answer: Effect.succeed(head.value.reply) }
    const told = Schema.decodeUnknownExit(FailureJson)(head.value.failure)
    return { id, answer: Effect.fail(told._tag === "Success" ? told.value : misunderstood) }
  })

/** Whether this is an answer to such a request. */
export const checkReply = <Tag extends Request["_tag"]>(
  tag: Tag,
  reply: unknown
): Effect.Effect<Reply<Tag>, CliFailure> => {
  const schema: Schema.Codec<Reply<Tag>, unknown> = replies[tag]
  const decoded = Schema.decodeUnknownExit(schema)(reply)
  return decoded._tag === "Success" ? Effect.succeed(decoded.value) : Effect.fail(misunderstood)
}

const misunderstood = failure(
  "failure",
  "The daemon's answer cannot be read.",
  "It is of another version; holdfast restart brings it up to date."
)

const otherVersion = (who: "command" | "daemon", version: number): CliFailure =>
  failure(
    "failure",
    `The ${who} speaks version ${version} of the control protocol, and this ${
      who === "daemon" ? "command" : "daemon"
    } version ${protocolVersion}.`,
    "holdfast restart brings the daemon up to date."
  )
