/**
 * Why a session or an attempt ended: one error, whose `reason` is a union of
 * tagged classes.
 *
 * ```ts
 * Effect.catchReason("ConnectionError", "PolicyViolation", (reason) => ...)
 * ```
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as closeReasons from "./internal/closeReasons.ts"
import * as reasons from "./internal/reasons.ts"
import * as Recovery from "./Recovery.ts"

export {
  ApplicationClose,
  BadGateway,
  CloseReason,
  Forbidden,
  fromCloseFrame,
  GoingAway,
  Initiator,
  InternalError,
  InvalidPayload,
  MandatoryExtension,
  MessageTooBig,
  NormalClosure,
  NoStatus,
  PeerTimeout,
  PolicyViolation,
  ProtocolViolation,
  RegisteredClose,
  ServiceRestart,
  TryAgainLater,
  Unauthorized,
  UnsupportedData
} from "./internal/closeReasons.ts"
export {
  AbnormalClosure,
  ConnectFailed,
  ConnectionClosed,
  CredentialsFailed,
  DecodingFailed,
  GreetingFailed,
  HandshakeInvalid,
  HandshakeRejected,
  HandshakeTimeout,
  HeartbeatTimeout,
  InboundOverflow,
  InvalidRequest,
  SendExpired,
  SendReplaced
} from "./internal/reasons.ts"

/** A frame was not delivered, or nobody can know whether it was. */
export class SendFailed extends Schema.TaggedError<SendFailed>("holdfast/SendFailed")("SendFailed", {
  /** `notSent`: it never left. `unknown`: it may or may not have arrived. */
  delivery: Schema.Literals(["notSent", "unknown"]),
  cause: Schema.suspend((): Schema.Codec<ConnectionError, unknown> => ConnectionError)
}) {
  override get message(): string {
    return (this.delivery === "notSent" ? "not sent" : "accepted for sending, but its delivery is unknown") +
      `: ${this.cause.reason.message}`
  }
}

/**
 * Schema of every reason for which a session or an attempt can end.
 */
export const Reason = Schema.Union([
  reasons.InvalidRequest,
  reasons.CredentialsFailed,
  reasons.ConnectFailed,
  reasons.HandshakeTimeout,
  reasons.HandshakeRejected,
  reasons.HandshakeInvalid,
  reasons.GreetingFailed,
  ...closeReasons.CloseReason.members,
  reasons.AbnormalClosure,
  reasons.HeartbeatTimeout,
  SendFailed,
  reasons.SendExpired,
  reasons.SendReplaced,
  reasons.InboundOverflow,
  reasons.DecodingFailed,
  reasons.ConnectionClosed
])

/**
 * Every reason for which a session or an attempt can end.
 */
export type Reason = typeof Reason.Type

/**
 * The one error of this library.
 *
 * - `reason`: what happened; switch on its `_tag`.
 * - `attempt`: which dial since the last stable session, from 1; 0 where no dial
 *   was involved.
 * - `endpoint`: origin and path only; never credentials, never the query.
 */
export class ConnectionError extends Schema.TaggedError<ConnectionError>("holdfast/ConnectionError")(
  "ConnectionError",
  {
    reason: Reason,
    attempt: Schema.Number.pipe(Schema.withConstructorDefault(Effect.succeed(0))),
    endpoint: Schema.String.pipe(Schema.withConstructorDefault(Effect.succeed("")))
  }
) {
  override get message(): string {
    return this.endpoint === "" ? this.reason.message : `${this.endpoint}: ${this.reason.message}`
  }
  /** The default classification: may we try again, and not before when? */
  get recovery(): Recovery.Recovery {
    return classify(this)
  }
  /** How long the peer asked us to wait, where it did. */
  get retryAfter(): Option.Option<Duration.Duration> {
    return this.reason._tag === "HandshakeRejected" ? this.reason.retryAfter : Option.none()
  }
  /** Whether another attempt can help, by the default classification. */
  get isRetryable(): boolean {
    return Recovery.isRetry(this.recovery)
  }
}

/**
 * Whether a value is a `ConnectionError`.
 */
export const isConnectionError = (u: unknown): u is ConnectionError => u instanceof ConnectionError

const retry = Recovery.retry()
const retryOnce = Recovery.retry({ atMost: 1 })
const retryFiveTimes = Recovery.retry({ atMost: 5 })
const refresh = Recovery.retry({ immediately: true, atMost: 1 })
const afterOurClose = Recovery.retry({ atMost: 3 })
const afterRestart = Recovery.retry({ notBefore: ["5 seconds", "30 seconds"] })
const afterOverload = Recovery.retry({ notBefore: "30 seconds" })

/**
 * May we try again, by default? A pure function of the reason, tabled in
 * `docs/reference/recovery.md`.
 */
export const classify = (error: ConnectionError): Recovery.Recovery => {
  const reason = error.reason
  switch (reason._tag) {
    case "InvalidRequest":
    case "SendReplaced":
    case "ConnectionClosed":
      return Recovery.stop
    case "SendFailed":
      return classify(reason.cause)
    case "CredentialsFailed":
    case "HandshakeTimeout":
    case "HeartbeatTimeout":
    case "InboundOverflow":
    case "AbnormalClosure":
    case "SendExpired":
      return retry
    case "DecodingFailed":
    case "GreetingFailed":
    case "HandshakeInvalid":
      return retryFiveTimes
    case "ConnectFailed":
      return isPermanent(reason.code) ? Recovery.stop : retry
    case "HandshakeRejected":
      return classifyStatus(reason.status, reason.retryAfter)
    default:
      return reason.initiator === "self" ? classifyOwnClose(reason._tag) : classifyPeerClose(reason._tag)
  }
}

// We closed because of what the peer sent; any other close of ours was asked for by the user, of this session only.
const classifyOwnClose = (tag: closeReasons.CloseReason["_tag"]): Recovery.Recovery => {
  switch (tag) {
    case "ProtocolViolation":
    case "InvalidPayload":
    case "PolicyViolation":
    case "MessageTooBig":
      return afterOurClose
    default:
      return retry
  }
}

const classifyPeerClose = (tag: closeReasons.CloseReason["_tag"]): Recovery.Recovery => {
  switch (tag) {
    case "UnsupportedData":
    case "InvalidPayload":
    case "PolicyViolation":
    case "MessageTooBig":
    case "MandatoryExtension":
    case "Forbidden":
      return Recovery.stop
    case "ProtocolViolation":
      return retryOnce
    case "Unauthorized":
      return refresh
    case "ServiceRestart":
      return afterRestart
    case "TryAgainLater":
      return afterOverload
    default:
      return retry
  }
}

const finalStatus: ReadonlySet<number> = new Set([400, 403, 405, 407, 410, 426, 501, 505])

const classifyStatus = (status: number, retryAfter: Option.Option<Duration.Duration>): Recovery.Recovery => {
  if (status >= 200 && status < 300) return retryOnce
  if ((status >= 300 && status < 400) || finalStatus.has(status)) return Recovery.stop
  if (status === 401) return refresh
  if (status === 404) return retryFiveTimes
  if (status === 429 || status === 503) {
    return Option.match(retryAfter, { onNone: () => retry, onSome: (notBefore) => Recovery.retry({ notBefore }) })
  }
  return retry
}

// Node's and OpenSSL's names for a certificate that will be as wrong next time,
// and for TLS spoken to a plain port.
const permanent: ReadonlySet<string> = new Set([
  "ERR_TLS_CERT_ALTNAME_INVALID",
  "CERT_HAS_EXPIRED",
  "CERT_NOT_YET_VALID",
  "CERT_REVOKED",
  "CERT_REJECTED",
  "CERT_UNTRUSTED",
  "CERT_CHAIN_TOO_LONG",
  "CERT_SIGNATURE_FAILURE",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "INVALID_CA",
  "INVALID_PURPOSE",
  "HOSTNAME_MISMATCH",
  "PATH_LENGTH_EXCEEDED",
  "ERR_SSL_WRONG_VERSION_NUMBER",
  "ERR_SSL_PACKET_LENGTH_TOO_LONG",
  "ERR_SSL_HTTP_REQUEST"
])

const isPermanent = (code: string): boolean => permanent.has(code)
