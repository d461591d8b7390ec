/**
 * What a ping must be.
 */
import { InvalidRequest } from "../ConnectionError.ts"

/** Bytes that a ping's payload may have (RFC 6455 §5.5). */
export const maxPing = 125

/** Why a ping is never sent: the transport cannot, or else the payload is too long. */
export const pingRefusal = (unable: boolean, payload: Uint8Array): InvalidRequest =>
  unable
    ? new InvalidRequest({
      option: "heartbeat",
      problem: "this transport cannot send pings; use Heartbeat.layerMessage"
    })
    : new InvalidRequest({
      option: "ping payload",
      problem: `a control frame holds at most ${maxPing} bytes (RFC 6455 §5.5), not ${payload.length}`
    })
