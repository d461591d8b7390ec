/**
 * Why a request has no reply.
 */
import * as Duration from "effect/Duration"
import * as Schema from "effect/Schema"
import { ConnectionError } from "../ConnectionError.ts"

const Delivery = Schema.Literals(["notSent", "unknown"])

/**
 * No reply came in time.
 *
 * - `timeout`: how long was waited, from the call on, the wait for a session
 *   included;
 * - `delivery`: `"notSent"` where the request never left; `"unknown"` where it
 *   was handed to a transport, and the peer may have carried it out.
 */
export class RequestTimedOut extends Schema.TaggedError<RequestTimedOut>("holdfast/RequestTimedOut")(
  "RequestTimedOut",
  { id: Schema.Unknown, timeout: Schema.Duration, delivery: Delivery }
) {
  override get message(): string {
    return `no reply to request ${String(this.id)} within ${Duration.format(this.timeout)}: ` +
      (this.delivery === "notSent" ? "it was not sent" : "it was sent, and the peer may have carried it out")
  }
}

/**
 * The session ended, or none came, between the request and its reply.
 *
 * - `delivery`: `"notSent"` where the request never left, so that it can be made
 *   again; `"unknown"` where it was handed to a transport, and the peer may have
 *   carried it out;
 * - `cause`: why the session ended, or why there is none.
 */
export class RequestLost extends Schema.TaggedError<RequestLost>("holdfast/RequestLost")("RequestLost", {
  id: Schema.Unknown,
  delivery: Delivery,
  cause: ConnectionError
}) {
  override get message(): string {
    return `request ${String(this.id)} was lost, ` +
      (this.delivery === "notSent" ? "not sent" : "and the peer may have carried it out") + `: ${this.cause.message}`
  }
}
