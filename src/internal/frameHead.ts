/**
 * The beginning of a frame, for people.
 */
import type { Message } from "../Link.ts"
import { shorten } from "./text.ts"

/** How much is shown: characters of text, bytes of a binary frame. */
export const headLength = 64

/** The first characters of a text, the first bytes of a binary frame in hex; an ellipsis where there is more. */
export const headOf = (message: Message): string => {
  if (typeof message === "string") return shorten(message, headLength)
  const hex = Array.from(message.subarray(0, headLength), (byte) => byte.toString(16).padStart(2, "0")).join(" ")
  return message.length > headLength ? `${hex} …` : hex
}
