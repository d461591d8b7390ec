/**
 * How many bytes a message has on the wire, without framing, and what it counts
 * where it waits.
 */
import type { Message } from "../Link.ts"

/** The length in UTF-8 of a string, or of the bytes. Lone surrogates count as U+FFFD, as they are sent. */
export const messageSize = (message: Message): number =>
  typeof message === "string" ? utf8Length(message) : message.byteLength

/** What a message of so many bytes weighs against a mark. */
// An empty message takes room too: without this, any number of them could wait below the mark.
export const weightOf = (bytes: number): number => bytes === 0 ? 1 : bytes

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
