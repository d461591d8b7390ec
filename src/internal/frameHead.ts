/**
 * What is told of a frame that nobody understood: how it begins, or nothing.
 */
import type { Message } from "../Link.ts"
import { redacted } from "./redact.ts"
import { onOneLine, shorten } from "./text.ts"

/** How much is shown: characters of text, bytes of a binary frame. */
export const headLength = 64

/** The first characters of a text, on one line, the first bytes of a binary frame in hex; an ellipsis where there is more. */
export const headOf = (message: Message, isRedacted: boolean): string => {
  if (isRedacted) return redacted
  if (typeof message === "string") return onOneLine(shorten(message, headLength))
  const hex = Array.from(message.subarray(0, headLength), (byte) => byte.toString(16).padStart(2, "0")).join(" ")
  return message.length > headLength ? `${hex} …` : hex
}

/** Of what was thrown, that which is surely nothing of the frame: messages such as `JSON.parse`'s quote their input. */
export const nameOfThrown = (cause: unknown): string => cause instanceof Error ? cause.constructor.name : typeof cause
