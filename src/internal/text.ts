/**
 * Cutting text that somebody else wrote, so that no message of ours is longer
 * than a person reads.
 */
const encoder = new TextEncoder()
const decoder = new TextDecoder()

/**
 * At most `length` characters, the last of them an ellipsis where something was
 * cut.
 */
export const shorten = (text: string, length: number): string => {
  if (text.length <= length) return text
  const cut = text.slice(0, length - 1)
  // A lone high surrogate at the end would be half a character.
  return (/[\uD800-\uDBFF]$/.test(cut) ? cut.slice(0, -1) : cut) + "…"
}

/**
 * The first `size` bytes of UTF-8 as text, cut on a code point.
 *
 * Bytes that are not UTF-8 become U+FFFD.
 */
export const firstBytes = (input: string | Uint8Array, size: number): string => {
  // A code unit is at least one byte of UTF-8, so the rest need not be encoded.
  const bytes = typeof input === "string" ? encoder.encode(input.slice(0, size)) : input
  let end = Math.min(bytes.length, size)
  // Step back over continuation bytes (10xxxxxx), at most the three that a code point has.
  if (end < bytes.length) {
    let start = end
    while (start > 0 && end - start < 3 && (bytes[start]! & 0xc0) === 0x80) start--
    if ((bytes[start]! & 0xc0) !== 0x80) end = start
  }
  return decoder.decode(bytes.subarray(0, end))
}

/** The text on one line: control characters, which could forge lines of a log, as escapes. */
export const onOneLine = (text: string): string =>
  text.replace(
    /[\p{Cc}\u2028\u2029]/gu,
    (character) => shortEscapes[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`
  )

const shortEscapes: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" }
