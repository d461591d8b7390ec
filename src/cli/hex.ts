/**
 * Bytes as people type them.
 */

/** The bytes of `48 65 6c`, `48656c` or `48:65:6C`; undefined where it is no hex. */
export const fromHex = (text: string): Uint8Array | undefined => {
  const digits = text.replace(/[\s:]+/g, "")
  return digits.length % 2 === 0 && /^[0-9a-f]*$/i.test(digits) ? new Uint8Array(Buffer.from(digits, "hex")) : undefined
}
