/**
 * A sink that sends messages to an HTTP server, one by one or many at once.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { retryAfter } from "../../../internal/retryAfter.ts"
import { basicAuthOf } from "../../basicAuth.ts"
import { headersOf } from "../../config/connectionOptions.ts"
import { millisOf } from "../../config/quantities.ts"
import type { Sink } from "../../config/schema.ts"
import { Output } from "../../output.ts"
import { type Delivery, isoOf, linesOf } from "../delivery.ts"
import { queuedSink, SinkProblem, waiting } from "../queuedSink.ts"

type HttpSink = Extract<Sink, { type: "http" }>

/** Opens the sink for the life of the scope. The order of the messages is kept. */
export const httpSink = Effect.fnUntraced(function*(name: string, sink: HttpSink) {
  const output = yield* Output
  const client = yield* HttpClient.HttpClient
  const { batch, retry } = sink
  const { credentials, url } = withoutCredentials(typeof sink.url === "string" ? sink.url : Redacted.value(sink.url))
  const headers = {
    ...credentials,
    ...Object.fromEntries(Object.entries(headersOf(sink) ?? {}).map(([name, value]) => [name, Redacted.value(value)]))
  }
  const timeout = Duration.millis(millisOf(sink.timeout ?? "30 seconds") ?? 0)

  const post = (deliveries: ReadonlyArray<Delivery>): Effect.Effect<void, SinkProblem> =>
    Effect.gen(function*() {
      const request = HttpClientRequest.make(sink.method ?? "POST")(url).pipe(
        batch === undefined ? single(deliveries[0]!, sink.contentType) : many(deliveries, sink.contentType),
        HttpClientRequest.setHeaders(headers)
      )
      const response = yield* client.execute(request)
      // The connection is free for the next request when the answer has been read.
      yield* Effect.ignore(response.text)
      if (response.status >= 200 && response.status < 300) return
      return yield* new SinkProblem({
        sentence: `the server answered with ${response.status}`,
        rejected: !isTransient(response.status),
        retryAfter: Option.match(retryAfter(response.headers, yield* Clock.currentTimeMillis), {
          onNone: () => undefined,
          onSome: Duration.toMillis
        })
      })
    }).pipe(
      Effect.mapError((error) =>
        error instanceof SinkProblem
          ? error
          : new SinkProblem({ sentence: `the server cannot be reached: ${causeOf(error)}` })
      ),
      Effect.timeoutOrElse({
        duration: timeout,
        orElse: () =>
          Effect.fail(new SinkProblem({ sentence: `the server did not answer within ${Duration.format(timeout)}` }))
      })
    )

  return yield* queuedSink({
    name,
    output,
    ...waiting(sink),
    workers: 1,
    most: batch?.messages ?? 1,
    gather: batch === undefined ? undefined : millisOf(batch.within ?? "1 second"),
    write: post,
    retry: retry === false ? false : {
      first: millisOf(retry?.first ?? "1 second") ?? 0,
      cap: millisOf(retry?.cap ?? "30 seconds") ?? 0,
      during: retry?.during === "Infinity" ? Infinity : millisOf(retry?.during ?? "1 hour") ?? 0
    }
  })
})

/** `fetch` refuses a url with credentials: they become the header that they mean. */
const withoutCredentials = (
  text: string
): { readonly url: string; readonly credentials: { readonly authorization?: string } } => {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const authorization = url === undefined ? undefined : basicAuthOf(url)
  if (url === undefined || authorization === undefined) return { url: text, credentials: {} }
  url.username = ""
  url.password = ""
  return { url: url.href, credentials: { authorization } }
}

type Shape = (request: HttpClientRequest.HttpClientRequest) => HttpClientRequest.HttpClientRequest

/** The message is the body, and what is known of it stands in headers. */
const single = ({ at, connection, message, session }: Delivery, contentType: string | undefined): Shape => (request) =>
  request.pipe(
    HttpClientRequest.setHeaders({
      "x-holdfast-connection": connection,
      "x-holdfast-at": isoOf(at),
      ...(session === undefined ? {} : { "x-holdfast-session": String(session) })
    }),
    typeof message === "string"
      ? HttpClientRequest.bodyText(message, contentType ?? "text/plain; charset=utf-8")
      : HttpClientRequest.bodyUint8Array(message, contentType ?? "application/octet-stream")
  )

/** A line for each message. */
const many = (deliveries: ReadonlyArray<Delivery>, contentType: string | undefined): Shape =>
  HttpClientRequest.bodyUint8Array(linesOf(deliveries, "ndjson"), contentType ?? "application/x-ndjson")

/** What another attempt may mend; everything else is said of the message itself (RFC 9110 §15.5). */
const isTransient = (status: number): boolean => status >= 500 || [408, 425, 429].includes(status)

/** The system's own words lie several causes deep, and the url, which may be secret, stands in those above. */
const causeOf = (error: unknown): string => {
  let cause: unknown = error
  while (cause instanceof Error && cause.cause instanceof Error) cause = cause.cause
  while (typeof cause === "object" && cause !== null && "reason" in cause && cause.reason !== cause) {
    cause = cause.reason
  }
  while (cause instanceof Error && cause.cause instanceof Error) cause = cause.cause
  if (!(cause instanceof Error)) return "no connection"
  if ("code" in cause) return String(cause.code)
  // A TypeError quotes what it was given: a url or a header, which may be secret.
  return cause instanceof TypeError ? "its url or a header is not valid" : cause.message
}
