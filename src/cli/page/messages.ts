/**
 * Messages to send, as a request brings them: one as it is, or a line each.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as HttpServerRequest from "effect/http/HttpServerRequest"
import type * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Option from "effect/Option"
import type { ConnectionError } from "../../ConnectionError.ts"
import type { Message } from "../../Link.ts"
import { advise } from "../failure.ts"
import type { Fleet, UnknownConnection } from "../fleet/Fleet.ts"
import { readBody } from "./body.ts"
import { json, problem } from "./replies.ts"

/** The most that one request may bring, bytes. */
export const largestBody = 4 * 1024 * 1024

/** How long sending may take, unless `?timeout=` says otherwise: seconds, of which there may be 60. */
const defaultTimeout = 10
const longestTimeout = 60

type Reply = HttpServerResponse.HttpServerResponse

/** Sends what the request brings, and answers when it has left, or why it has not. */
export const sendMessages = (
  fleet: Fleet["Service"],
  name: string,
  request: HttpServerRequest.HttpServerRequest,
  query: URLSearchParams
): Effect.Effect<Reply> =>
  Effect.gen(function*() {
    const report = yield* Effect.mapError(fleet.report(name), unknownConnection)
    if (report.state === "Closed") return yield* Effect.fail(closed(name))
    const seconds = yield* readTimeout(query.get("timeout"))
    const parse = yield* parserFor(request.headers["content-type"])
    const messages = yield* parse(yield* readBody(request, largestBody))
    return yield* sendAll(fleet, name, messages, seconds)
  }).pipe(Effect.catch(Effect.succeed))

const sendAll = (
  fleet: Fleet["Service"],
  name: string,
  messages: ReadonlyArray<Message>,
  seconds: number
): Effect.Effect<Reply> =>
  Effect.gen(function*() {
    const until = (yield* Clock.currentTimeMillis) + seconds * 1000
    for (const [sent, message] of messages.entries()) {
      const left = Math.max(0, until - (yield* Clock.currentTimeMillis))
      const failed = yield* fleet.send(name, message).pipe(
        Effect.as(undefined),
        Effect.catch((error) => Effect.succeed(notSent(name, error, sent))),
        // What is interrupted while it waits is never sent later.
        Effect.timeoutOption(Duration.millis(left))
      )
      if (Option.isNone(failed)) return late(name, seconds, sent)
      if (failed.value !== undefined) return failed.value
    }
    return json({ connection: name, sent: messages.length }, 202)
  })

const readTimeout = (text: string | null): Effect.Effect<number, Reply> => {
  const seconds = text === null ? defaultTimeout : /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN
  return seconds >= 0 && seconds <= longestTimeout
    ? Effect.succeed(seconds)
    : Effect.fail(problem(400, {
      error: "badTimeout",
      message: `?timeout= is a number of seconds from 0 to ${longestTimeout}.`
    }))
}

type Parse = (body: Uint8Array) => Effect.Effect<ReadonlyArray<Message>, Reply>

const parserFor = (contentType: string | undefined): Effect.Effect<Parse, Reply> => {
  const type = contentType?.split(";")[0]?.trim().toLowerCase()
  if (type === "application/octet-stream") return Effect.succeed((body) => Effect.succeed([body]))
  if (type === "application/x-ndjson" || type === "application/ndjson" || type === "application/jsonl") {
    return Effect.succeed((body) => Effect.flatMap(readText(body), readLines))
  }
  if (type === undefined || type === "application/json" || type.startsWith("text/")) {
    return Effect.succeed((body) => Effect.map(readText(body), (text) => [text]))
  }
  return Effect.fail(problem(415, {
    error: "unsupportedType",
    message: `A body of the type ${type} cannot be sent.`,
    advice: "Say content-type: text/plain or application/json for one text message, application/octet-stream for one " +
      "binary message, application/x-ndjson for a text message per line (curl -H 'content-type: text/plain')."
  }))
}

const readText = (body: Uint8Array): Effect.Effect<string, Reply> =>
  Effect.try({
    try: () => new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body),
    catch: () =>
      problem(400, {
        error: "badText",
        message: "The body is not UTF-8.",
        advice: "Say content-type: application/octet-stream to send it as a binary message."
      })
  })

/** Each line is a message as it stands; checked first, so that of a body that makes no sense nothing is sent. */
const readLines = (text: string): Effect.Effect<ReadonlyArray<string>, Reply> =>
  Effect.gen(function*() {
    const lines = text.split("\n").map((line) => line.replace(/\r$/, ""))
    const messages: Array<string> = []
    for (const [index, line] of lines.entries()) {
      if (line.trim() === "") continue
      yield* Effect.try({
        try: () => JSON.parse(line) as unknown,
        catch: () => problem(400, { error: "badLine", message: `Line ${index + 1} is not JSON; nothing was sent.` })
      })
      messages.push(line)
    }
    return messages
  })

/** The answer where no connection has that name. */
export const unknownConnection = (error: UnknownConnection): Reply =>
  problem(404, { error: "unknownConnection", message: error.message })

const closed = (name: string): Reply =>
  problem(409, {
    error: "closed",
    message: `The connection "${name}" is closed for good.`,
    advice: "POST to /api/connections/NAME/reconnect starts it again."
  })

const late = (name: string, seconds: number, sent: number): Reply =>
  problem(503, {
    error: "timeout",
    message: `The connection "${name}" could not take the message within ${seconds} s; it will not be sent.`,
    sent
  }, { "retry-after": "5" })

const notSent = (name: string, error: ConnectionError | UnknownConnection, sent: number): Reply => {
  if (error._tag === "UnknownConnection") return unknownConnection(error)
  const failed = error.reason._tag === "SendFailed" ? error.reason : undefined
  const cause = failed?.cause ?? error
  if (cause.reason._tag === "ConnectionClosed") return closed(name)
  return problem(503, {
    error: "notSent",
    message: error.message,
    advice: advise(cause),
    reason: cause.reason._tag,
    // `unknown`: it may have reached the peer.
    delivery: failed?.delivery ?? "notSent",
    sent
  }, { "retry-after": "5" })
}
