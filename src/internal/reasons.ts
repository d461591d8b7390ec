/**
 * The reasons that come without a Close frame: what went wrong before a session
 * opened, links that died in silence, and our own refusals.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Headers from "effect/http/Headers"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { describeUnknown } from "./describe.ts"

const noDuration = Schema.Option(Schema.Duration).pipe(
  Schema.withConstructorDefault(Effect.succeed(Option.none<Duration.Duration>()))
)
const text = Schema.String.pipe(Schema.withConstructorDefault(Effect.succeed("")))

/** Measured in nanoseconds, told in milliseconds. */
const words = (duration: Duration.Duration): string =>
  Duration.format(Duration.isFinite(duration) ? Duration.millis(Math.round(Duration.toMillis(duration))) : duration)

/**
 * An option, URL, header, subprotocol, close code or duration that can never
 * work. `option` names it, `problem` says what to do.
 */
export class InvalidRequest extends Schema.TaggedError<InvalidRequest>("holdfast/InvalidRequest")("InvalidRequest", {
  option: Schema.String,
  problem: Schema.String
}) {
  override get message(): string {
    return `invalid ${this.option}: ${this.problem}`
  }
}

/** The user's `url`, `headers` or `subprotocols` effect failed. */
export class CredentialsFailed extends Schema.TaggedError<CredentialsFailed>("holdfast/CredentialsFailed")(
  "CredentialsFailed",
  { cause: Schema.Defect() }
) {
  override get message(): string {
    return `the url, headers or subprotocols of this attempt could not be made: ${describeUnknown(this.cause)}`
  }
}

const phaseWords = {
  dns: "looking up the host name",
  tcp: "opening the TCP connection",
  proxy: "asking the proxy",
  tls: "negotiating TLS",
  response: "waiting for the response",
  credentials: "making the url, headers and subprotocols",
  greet: "greeting"
} as const

// OpenSSL's own words are a line of its sources.
const plainPort: ReadonlySet<string> = new Set(["ERR_SSL_WRONG_VERSION_NUMBER", "ERR_SSL_PACKET_LENGTH_TOO_LONG"])

/** No response came: name lookup, TCP, proxy or TLS failed, or the connection was lost before a status line. */
export class ConnectFailed extends Schema.TaggedError<ConnectFailed>("holdfast/ConnectFailed")("ConnectFailed", {
  phase: Schema.Literals(["dns", "tcp", "proxy", "tls", "response"]),
  /** The system's or OpenSSL's own code, such as `ECONNREFUSED`; `UNKNOWN` where there is none. */
  code: Schema.String,
  /** The system's own words. */
  detail: text
}) {
  override get message(): string {
    const detail = plainPort.has(this.code)
      ? "this port does not seem to speak TLS, so use ws:// or another port"
      : this.detail
    return `could not connect, ${phaseWords[this.phase]} failed with ${this.code}` +
      (detail === "" ? "" : `: ${detail}`)
  }
}

/** The deadline of the handshake or of `greet` ran out in this phase. */
export class HandshakeTimeout extends Schema.TaggedError<HandshakeTimeout>("holdfast/HandshakeTimeout")(
  "HandshakeTimeout",
  {
    phase: Schema.Literals(["credentials", "dns", "tcp", "tls", "response", "greet"]),
    timeout: noDuration
  }
) {
  override get message(): string {
    return "no open connection" +
      Option.match(this.timeout, { onNone: () => "", onSome: (timeout) => ` within ${Duration.format(timeout)}` }) +
      `: time ran out while ${phaseWords[this.phase]}`
  }
}

/** The server answered with a status other than 101. */
export class HandshakeRejected extends Schema.TaggedError<HandshakeRejected>("holdfast/HandshakeRejected")(
  "HandshakeRejected",
  {
    status: Schema.Number,
    /** With `set-cookie` and the query of `location` redacted. */
    headers: Schema.Headers.pipe(Schema.withConstructorDefault(Effect.succeed(Headers.empty))),
    /** The first KiB of the body. */
    body: text,
    /** How long the server asked us to wait (RFC 9110 §10.2.3), at most one hour. */
    retryAfter: noDuration
  }
) {
  override get message(): string {
    return `the server refused the handshake with HTTP ${this.status}${this.advice}` +
      Option.match(this.retryAfter, {
        onNone: () => "",
        onSome: (after) => `; it asks to wait ${Duration.format(after)}`
      })
  }
  /** What a person can do about this status. */
  get advice(): string {
    const status = this.status
    const location = this.headers["location"]
    if (status >= 200 && status < 300) {
      return ": this URL is not a WebSocket endpoint, or a captive portal answers in its place"
    }
    if (status >= 300 && status < 400) {
      return location === undefined
        ? ", a redirect"
        : `, a redirect to ${location.replace(/[?#].*$/s, "")}: use that URL`
    }
    if (status === 401) return ": the credentials are missing, wrong or expired"
    if (status === 403) return ": the credentials do not allow this"
    if (status === 404) return ": nothing is served at this path"
    if (status === 407) return ": the proxy wants credentials"
    if (status === 426) {
      const versions = this.headers["sec-websocket-version"]
      return versions === undefined
        ? ": the server wants another protocol"
        : `: the server speaks WebSocket version ${versions}, we speak 13`
    }
    if (status === 429) return ": too many requests"
    if (status === 503) return ": the service is unavailable"
    return ""
  }
}

/** The server answered 101, but the answer breaks RFC 6455 §4.1. */
export class HandshakeInvalid extends Schema.TaggedError<HandshakeInvalid>("holdfast/HandshakeInvalid")(
  "HandshakeInvalid",
  {
    /** Which check of `Handshake.verify` failed. */
    check: Schema.Literals(["http", "status", "upgrade", "connection", "accept", "extensions", "subprotocol"]),
    expected: text,
    actual: text
  }
) {
  override get message(): string {
    return `the server's handshake is not valid, check "${this.check}": expected ${this.expected}, got ${this.actual}`
  }
}

/** The user's `greet` failed. */
export class GreetingFailed extends Schema.TaggedError<GreetingFailed>("holdfast/GreetingFailed")("GreetingFailed", {
  cause: Schema.Defect()
}) {
  override get message(): string {
    return `greet failed: ${describeUnknown(this.cause)}`
  }
}

/** The link was lost without a Close frame: a reset, a cut, an end of stream. */
export class AbnormalClosure extends Schema.TaggedError<AbnormalClosure>("holdfast/AbnormalClosure")(
  "AbnormalClosure",
  {
    code: Schema.Number.pipe(Schema.withConstructorDefault(Effect.succeed(1006))),
    /** What the system said, as `{ code, message }`, or undefined where it said nothing. */
    cause: Schema.Defect().pipe(Schema.withConstructorDefault(Effect.undefined))
  }
) {
  override get message(): string {
    return "the connection was lost without a Close frame" +
      (this.cause === undefined || this.cause === null ? "" : `: ${describeUnknown(this.cause)}`)
  }
}

/** Nothing was received for `silentFor`, not even the answer to our ping. */
export class HeartbeatTimeout extends Schema.TaggedError<HeartbeatTimeout>("holdfast/HeartbeatTimeout")(
  "HeartbeatTimeout",
  { silentFor: Schema.Duration, interval: Schema.Duration, timeout: Schema.Duration }
) {
  override get message(): string {
    return `the peer is silent: nothing received for ${words(this.silentFor)} ` +
      `(heartbeat every ${Duration.format(this.interval)}, timeout ${Duration.format(this.timeout)})`
  }
}

/** Messages came faster than they were read, beyond what may be kept. */
export class InboundOverflow extends Schema.TaggedError<InboundOverflow>("holdfast/InboundOverflow")(
  "InboundOverflow",
  { bytes: Schema.Number, paused: Schema.Duration }
) {
  override get message(): string {
    return `messages were not read in time: ${this.bytes} bytes are waiting` +
      (Duration.isZero(this.paused) ? "" : `, and the socket was paused for ${words(this.paused)}`) +
      "; read faster, or choose another `inbound.overflow`"
  }
}

/** A message was not understood, and the protocol's `onInvalid` is `"fail"`. */
export class DecodingFailed extends Schema.TaggedError<DecodingFailed>("holdfast/DecodingFailed")("DecodingFailed", {
  /** Whether it is the codec that could not read it, or the schema that it did not fit. */
  by: Schema.Literals(["codec", "schema"]),
  /** What is wrong with it. */
  issue: Schema.String,
  /** How the frame begins; `<redacted>` with a redacted codec. */
  head: Schema.String
}) {
  override get message(): string {
    return `a message was not understood: ${this.issue} (it begins with ${this.head})`
  }
}

/** The cause of a `SendFailed`: the frame was not handed to the transport within `expireAfter`. */
export class SendExpired extends Schema.TaggedError<SendExpired>("holdfast/SendExpired")("SendExpired", {
  after: Schema.Duration,
  /** What held it up at that moment, in words; with why there was no session, where there was none. */
  because: Schema.String
}) {
  override get message(): string {
    return `it could not be sent within ${words(this.after)}: ${this.because}`
  }
}

/** The cause of a `SendFailed`: a newer frame with the same `replaceKey` took its place while it waited. */
export class SendReplaced extends Schema.TaggedError<SendReplaced>("holdfast/SendReplaced")("SendReplaced", {
  key: Schema.String
}) {
  override get message(): string {
    return `a newer message with the key ${JSON.stringify(this.key)} took its place`
  }
}

/** We closed the connection, or it is closed for good. */
export class ConnectionClosed extends Schema.TaggedError<ConnectionClosed>("holdfast/ConnectionClosed")(
  "ConnectionClosed",
  {}
) {
  override get message(): string {
    return "the connection was closed by us"
  }
}
