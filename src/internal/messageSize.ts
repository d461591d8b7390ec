/**
 * How many bytes a message has on the wire, without framing.
 */
import type { Message } from "../Link.ts"

/** The length in UTF-8 of a string, or of the bytes. Lone surrogates count as U+FFFD, as they are sent. */
export const messageSize = (message: Message): number =>
  typeof message === "string" ? utf8Length(message) : message.byteLength

const utf8Length = (text: string): number => {
  let length = text.length
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit < 0x80) continue
    if (unit < 0x800) {
      length += 1
    } else {
      length += 2
      // A pair is two units and four bytes.
      if ((unit & 0xfc00) === 0xd800 && (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00) i++
    }
  }
  return length
}
