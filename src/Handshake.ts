/**
 * What we ask for at each attempt, whether the answer is legal, and how we
 * introduce ourselves.
 */
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Headers from "effect/http/Headers"
import * as Layer from "effect/Layer"
import type * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import { ConnectionError, type Reason } from "./ConnectionError.ts"
import { fromOptions } from "./internal/handshakeService.ts"
import * as verification from "./internal/verify.ts"
import type { HandshakeResponse, Message } from "./Link.ts"

export { rejected } from "./internal/rejected.ts"

/** What an attempt knows of its past. */
export interface AttemptContext {
  /** Dials since the last stable session, from 1. */
  readonly attempt: number
  /** Why the previous attempt or session ended. */
  readonly previous: Option.Option<ConnectionError>
}

/** What one attempt asks for. The url and the headers may hold secrets: never print them. */
export interface HandshakeRequest {
  /** Normalised: ws, wss or ws+unix; no fragment, no userinfo (it is an `authorization` header by now). */
  readonly url: string
  /** In lower case, those of the handshake itself not among them. */
  readonly headers: Headers.Headers
  /** In the order of preference; unique tokens (RFC 6455 §4.1). */
  readonly subprotocols: ReadonlyArray<string>
  /** Those of them that were given as `Redacted`: never print them. */
  readonly secretSubprotocols?: ReadonlyArray<string> | undefined
  /** The extensions that the transport will offer, such as `permessage-deflate`. */
  readonly extensions: ReadonlyArray<string>
  /** Dials since the last stable session, from 1. */
  readonly attempt: number
  /** Origin and path of `url`, for people. */
  readonly endpoint: string
}

/** The names of the checks, in the order in which they are made. */
export type Check = "http" | "status" | "upgrade" | "connection" | "accept" | "extensions" | "subprotocol"

/** The verdict of one check. */
export interface CheckResult {
  readonly check: Check
  /** Whether the answer passed it. */
  readonly ok: boolean
  /** What would have passed, in words. */
  readonly expected: string
  /** What the answer said; "nothing" where it said nothing. */
  readonly actual: string
}

/** Every check with its verdict, and the first failure as the typed reason. */
export interface Verdict {
  /** All of them, those after a failure too. */
  readonly checks: ReadonlyArray<CheckResult>
  /** None where every check passed. */
  readonly failure: Option.Option<Reason>
}

/** What `verify` looks at. Headers are lower case; a header that came several times has its values joined with ", ". */
export interface VerifyInput {
  readonly request: Pick<HandshakeRequest, "url" | "subprotocols" | "secretSubprotocols" | "extensions"> & {
    readonly headers: Headers.Input
  }
  /** base64(SHA-1(key + GUID)) for this attempt's key (RFC 6455 §4.2.2); the transport computes it. */
  readonly expectedAccept: string
  readonly status: number
  readonly headers: Headers.Input
}

/** Judges the server's answer to an opening handshake. */
export type Verify = (input: VerifyInput) => Verdict

/** The link as `greet` may use it: alone, before anybody else. */
export interface GreetSession {
  /** Origin and path; never credentials, never the query. */
  readonly endpoint: string
  /** The one that the server chose. */
  readonly subprotocol: Option.Option<string>
  /** None where the platform does not tell (browsers). */
  readonly response: Option.Option<HandshakeResponse>
  /** Usable for the session's life. */
  readonly send: (message: Message) => Effect.Effect<void, ConnectionError>
  /** The next message; `greet`'s alone, dead after it. */
  readonly receive: Effect.Effect<Message, ConnectionError>
  /** Ends the session with a Close frame. */
  readonly end: (
    options?: { readonly code?: number | undefined; readonly reason?: string | undefined }
  ) => Effect.Effect<void, ConnectionError>
}

/**
 * What `greet` may return: a heartbeat that replaces `Heartbeat` for this
 * session, such as one whose interval came with the peer's hello. Its failure
 * ends the session. Anything else that `greet` returns is of no interest.
 */
export interface Greeting {
  /** Run beside the session for as long as it lives. */
  readonly heartbeat: Effect.Effect<never, unknown>
}

/**
 * **Service**: what we ask for at each attempt, whether the answer is legal, and
 * how we introduce ourselves.
 */
export class Handshake extends Context.Service<Handshake, {
  /** Makes the request of one attempt. A failure of the user's effects is `CredentialsFailed`, an illegal value `InvalidRequest`. */
  readonly request: (context: AttemptContext) => Effect.Effect<HandshakeRequest, ConnectionError>
  readonly verify: Verify
  /** Introduces us, in the session's scope; fails with whatever the user's effect fails with. */
  readonly greet: Option.Option<(session: GreetSession) => Effect.Effect<unknown, unknown, Scope.Scope>>
  /** The deadline for the request, DNS, TCP, TLS and the 101, together. */
  readonly timeout: Duration.Duration
  /** The deadline for `greet`. */
  readonly greetTimeout: Duration.Duration
  /** Whether the request has headers of the user's, which browsers cannot send; false where not said. */
  readonly usesHeaders?: boolean | undefined
  /** Origin and path of the url, where it is a plain value. */
  readonly endpoint?: string | undefined
  /** Whether the connection adds `traceparent` from the attempt's span; true where not said. */
  readonly propagate?: boolean | undefined
}>()("holdfast/Handshake") {}

/**
 * Judges the server's answer to an opening handshake (RFC 6455 §4.1, RFC 7692
 * §7.1): pure, every check with its verdict, the first failure as the reason.
 *
 * **Details**
 *
 * Some subprotocol of those offered must be named, as browsers demand; see
 * `verifyWith`. A status other than 101 is `HandshakeRejected`, everything else
 * `HandshakeInvalid`. The `http` check is the transport's to add.
 */
export const verify: Verify = verification.verifyWith({ requireSubprotocol: true })

/**
 * Makes a `verify`. With `requireSubprotocol: false` a server may name no
 * subprotocol although some were offered, as RFC 6455 allows.
 */
export const verifyWith: (options: { readonly requireSubprotocol: boolean }) => Verify = verification.verifyWith

/** A url: `ws:`, `wss:`, `http:`, `https:` (taken as `ws:` and `wss:`) or `ws+unix:`. */
export type UrlValue = string | URL | Redacted.Redacted<string | URL>

/** The value of a header. Several are joined with ", "; undefined leaves it out. */
export type HeaderValue = string | Redacted.Redacted | ReadonlyArray<string | Redacted.Redacted> | undefined

/** Headers, by name or as pairs. */
export type HeadersRecord =
  | { readonly [name: string]: HeaderValue }
  | Iterable<readonly [name: string, value: HeaderValue]>

/** Headers, or headers of which not even the names may be shown. */
export type HeadersValue = HeadersRecord | Redacted.Redacted<HeadersRecord>

/** Subprotocols in the order of preference; some services take a token there, so they may be `Redacted`. */
export type SubprotocolsValue =
  | ReadonlyArray<string | Redacted.Redacted>
  | Redacted.Redacted<ReadonlyArray<string>>

/** A value, an effect, or a function of the attempt; the latter two run afresh at every attempt. */
export type Source<A, R> =
  | A
  | Effect.Effect<A, unknown, R>
  | ((context: AttemptContext) => Effect.Effect<A, unknown, R>)

/** What `Handshake.layer` takes. */
export interface Options<RUrl = never, RHeaders = never, RSubprotocols = never, RGreet = never> {
  /**
   * Where to. Userinfo becomes Basic auth, unless there is an `authorization`
   * header. A fragment is refused (RFC 6455 §3).
   */
  readonly url: Source<UrlValue, RUrl>
  /**
   * Headers of the request, in any case. What belongs to the handshake itself is
   * refused: `Upgrade`, `Connection`, `Content-Length`, `Transfer-Encoding` and
   * `Sec-WebSocket-*` (RFC 6455 §4.1). Default none.
   */
  readonly headers?: Source<HeadersValue, RHeaders> | undefined
  /** Offered in this order. Default none. */
  readonly subprotocols?: Source<SubprotocolsValue, RSubprotocols> | undefined
  /** Whether a server that names none of the offered subprotocols is refused. Default true. */
  readonly requireSubprotocol?: boolean | undefined
  /** Runs in the session's scope, alone with the link, before the session counts as open; may return a `Greeting`. */
  readonly greet?: ((session: GreetSession) => Effect.Effect<unknown, unknown, RGreet>) | undefined
  /** For `url`, `headers`, `subprotocols`, DNS, TCP, TLS and the 101, together. Default 10 seconds. */
  readonly timeout?: Duration.Input | undefined
  /** For `greet`. Default 10 seconds. */
  readonly greetTimeout?: Duration.Input | undefined
  /** Whether `traceparent` is sent from the attempt's span. Default true. */
  readonly propagate?: boolean | undefined
}

/**
 * Makes the service; the effects of its options run in the context in which it
 * was made.
 *
 * **Details**
 *
 * Fails with `InvalidRequest` where an option can never work, plain values of
 * `url`, `headers` and `subprotocols` included. What the effects make is checked
 * at each attempt; where they fail, the attempt fails with `CredentialsFailed`.
 * Each runs in a scope of its own, closed when its value is made.
 */
export const make = <RUrl = never, RHeaders = never, RSubprotocols = never, RGreet = never>(
  options: Options<RUrl, RHeaders, RSubprotocols, RGreet>
): Effect.Effect<
  Handshake["Service"],
  ConnectionError,
  Exclude<RUrl | RHeaders | RSubprotocols | RGreet, Scope.Scope>
> =>
  Effect.flatMap(
    Effect.context<Exclude<RUrl | RHeaders | RSubprotocols | RGreet, Scope.Scope>>(),
    (context) =>
      Effect.mapError(Effect.fromResult(fromOptions(options, context)), (reason) => new ConnectionError({ reason }))
  )

/**
 * What we ask for at each attempt, whether the answer is legal, and how we
 * introduce ourselves.
 *
 * **Example**
 *
 * ```ts
 * Handshake.layer({
 *   url: "wss://feed.example/v2",
 *   headers: ({ previous }) => Effect.map(freshToken(previous), (token) => ({ authorization: token }))
 * })
 * ```
 */
export const layer = <RUrl = never, RHeaders = never, RSubprotocols = never, RGreet = never>(
  options: Options<RUrl, RHeaders, RSubprotocols, RGreet>
): Layer.Layer<
  Handshake,
  ConnectionError,
  Exclude<RUrl | RHeaders | RSubprotocols | RGreet, Scope.Scope>
> => Layer.effect(Handshake, make(options))
