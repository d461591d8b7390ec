/**
 * Which WebSocket close codes exist, who may send them, and what they mean.
 *
 * Pure tables over RFC 6455 §7.4 and the IANA WebSocket Close Code Number
 * Registry. Nothing here does I/O.
 */

/**
 * A named close code and its rights.
 */
export interface CloseCodeInfo {
  /** As it stands in a Close frame, two bytes (RFC 6455 §5.5.1). */
  readonly code: number
  /** The registered name, in the registry's words. */
  readonly name: string
  /** What it tells a reader of a log. */
  readonly meaning: string
  /** Whether a client may put it into a Close frame. */
  readonly sendable: boolean
  /** Whether a Close frame that carries it is legal. */
  readonly receivable: boolean
}

const info = (code: number, name: string, meaning: string, sendable: boolean, receivable = true): CloseCodeInfo => ({
  code,
  name,
  meaning,
  sendable,
  receivable
})

const registered: ReadonlyMap<number, CloseCodeInfo> = new Map(
  [
    info(1000, "Normal Closure", "the purpose of the connection was fulfilled", true),
    info(1001, "Going Away", "the endpoint is shutting down or moving on", true),
    info(1002, "Protocol Error", "a frame broke the protocol", true),
    info(1003, "Unsupported Data", "a type of data that the endpoint cannot accept", true),
    info(1004, "Reserved", "reserved; never on the wire", false, false),
    info(1005, "No Status Received", "a Close frame without a code; never on the wire", false, false),
    info(1006, "Abnormal Closure", "no Close frame at all; never on the wire", false, false),
    info(1007, "Invalid Payload Data", "a message that is not what its type says, such as invalid UTF-8", true),
    info(1008, "Policy Violation", "a message that the endpoint's policy forbids", true),
    info(1009, "Message Too Big", "a message larger than the endpoint accepts", true),
    info(1010, "Mandatory Extension", "the client needs an extension that was not negotiated", true),
    info(1011, "Internal Error", "the endpoint met an unexpected condition", true),
    info(1012, "Service Restart", "the service restarts", false),
    info(1013, "Try Again Later", "the service is overloaded", false),
    info(1014, "Bad Gateway", "a gateway got an invalid answer from upstream", false),
    info(1015, "TLS Handshake", "a TLS failure; never on the wire", false, false),
    info(3000, "Unauthorized", "the client is not authenticated", true),
    info(3003, "Forbidden", "the client is not allowed", true),
    info(3008, "Timeout", "the endpoint waited too long", true)
  ].map((entry) => [entry.code, entry])
)

const ranges: ReadonlyArray<
  { readonly from: number; readonly to: number; readonly name: string; readonly meaning: string }
> = [
  { from: 3000, to: 3999, name: "Registered", meaning: "registered by a library, framework or application" },
  { from: 4000, to: 4999, name: "Private", meaning: "private to the service" }
]

/**
 * What is known of a close code; any number has an answer.
 *
 * Codes outside every range are neither sendable nor receivable
 * (RFC 6455 §7.4.2).
 */
export const get = (code: number): CloseCodeInfo => {
  const known = registered.get(code)
  if (known !== undefined) return known
  const range = Number.isInteger(code) ? ranges.find((range) => code >= range.from && code <= range.to) : undefined
  return range !== undefined
    ? info(code, range.name, range.meaning, true)
    : info(code, "Illegal", "outside the ranges that a Close frame may carry", false, false)
}

/**
 * Whether a client may put the code into a Close frame: 1000–1003, 1007–1011
 * and 3000–4999 (RFC 6455 §7.4; 1012–1014 are a server's to say).
 */
export const isSendable = (code: number): boolean => get(code).sendable

/**
 * Whether a Close frame that carries the code is legal. Others are answered
 * with 1002 (RFC 6455 §7.4).
 */
export const isReceivable = (code: number): boolean => get(code).receivable

/**
 * The code with its name, such as `1012 (Service Restart)`.
 */
export const format = (code: number): string => `${code} (${get(code).name})`

/**
 * The most bytes of UTF-8 that a close reason may have: a control frame holds
 * 125 bytes, two of which are the code (RFC 6455 §5.5).
 */
export const maxReasonBytes = 123

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/**
 * Cuts a close reason to 123 bytes of UTF-8, on a code point.
 *
 * Lone surrogates become U+FFFD, as everywhere in UTF-8.
 */
export const truncateReason = (reason: string): string => {
  const bytes = encoder.encode(reason)
  if (bytes.length <= maxReasonBytes) return bytes.length === reason.length ? reason : decoder.decode(bytes)
  let end = maxReasonBytes
  // Step back over continuation bytes (10xxxxxx), so that no code point is cut.
  while (end > 0 && (bytes[end]! & 0xc0) === 0x80) end--
  return decoder.decode(bytes.subarray(0, end))
}
