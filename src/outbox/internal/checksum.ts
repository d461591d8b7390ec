/** CRC-32 (IEEE 802.3), as in gzip: finds any damage of up to 32 bits in a row, and nearly all other. */

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1
  return value
})

/** An unsigned number of 32 bits. */
export const crc32 = (bytes: Uint8Array): number => {
  let value = 0xffffffff
  for (let i = 0; i < bytes.length; i++) value = table[(value ^ bytes[i]!) & 0xff]! ^ (value >>> 8)
  return (value ^ 0xffffffff) >>> 0
}
