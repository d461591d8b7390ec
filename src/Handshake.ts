/**
 * What we ask for at each attempt, whether the answer is legal, and how we
 * introduce ourselves.
 */
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Headers from "effect/http/Headers"
import type * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type { ConnectionError, Reason } from "./ConnectionError.ts"
import type { HandshakeResponse, Message } from "./Link.ts"

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
  readonly headers: Headers.Headers
  readonly subprotocols: ReadonlyArray<string>
  /** The extensions that the transport will offer, such as `permessage-deflate`. */
  readonly extensions: ReadonlyArray<string>
  readonly attempt: number
  /** Origin and path of `url`, for people. */
  readonly endpoint: string
}

/** The names of the checks, in the order in which they are made. */
export type Check = "http" | "status" | "upgrade" | "connection" | "accept" | "extensions" | "subprotocol"

/** The verdict of one check. */
export interface CheckResult {
  readonly check: Check
  readonly ok: boolean
  readonly expected: string
  readonly actual: string
}

/** Every check with its verdict, and the first failure as the typed reason. */
export interface Verdict {
  readonly checks: ReadonlyArray<CheckResult>
  readonly failure: Option.Option<Reason>
}

/** What `verify` looks at. Headers are lower case; a header that came several times has its values joined with ", ". */
export interface VerifyInput {
  readonly request: Pick<HandshakeRequest, "url" | "headers" | "subprotocols" | "extensions">
  /** base64(SHA-1(key + GUID)) for this attempt's key (RFC 6455 §4.2.2); the transport computes it. */
  readonly expectedAccept: string
  readonly status: number
  readonly headers: Headers.Input
}

/** Judges the server's answer to an opening handshake. */
export type Verify = (input: VerifyInput) => Verdict

/** The link as `greet` may use it: alone, before anybody else. */
export interface GreetSession {
  readonly endpoint: string
  readonly subprotocol: Option.Option<string>
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

/** What `greet` may return: a heartbeat that replaces `Heartbeat` for this session. */
export interface Greeting {
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
  readonly greet: Option.Option<(session: GreetSession) => Effect.Effect<Greeting | void, unknown, Scope.Scope>>
  /** The deadline for the request, DNS, TCP, TLS and the 101, together. */
  readonly timeout: Duration.Duration
  readonly greetTimeout: Duration.Duration
  /** Whether the request has headers of the user's, which browsers cannot send; false where not said. */
  readonly usesHeaders?: boolean | undefined
  /** Whether the connection adds `traceparent` from the attempt's span; true where not said. */
  readonly propagate?: boolean | undefined
}>()("holdfast/Handshake") {}
