/**
 * Text as UTF-8 (RFC 3629), judged while it is decoded.
 *
 * `ws` reads every text twice, to check it and to decode it. What is no UTF-8
 * decodes to U+FFFD, so only a text in which that is found needs a second look.
 */
import { isUtf8 } from "node:buffer"
import { type CloseReason, fromCloseFrame } from "../../ConnectionError.ts"

/** The text; undefined where the bytes are no UTF-8. */
export const decode = (bytes: Buffer): string | undefined => {
  const text = bytes.toString()
  return text.includes("\ufffd") && !isUtf8(bytes) ? undefined : text
}

/** Such a text, and such a close reason, is answered with 1007 (RFC 6455 §8.1). */
export const notUtf8 = (): CloseReason =>
  fromCloseFrame({ code: 1007, closeReason: "Invalid WebSocket frame: invalid UTF-8 sequence", initiator: "self" })
