/**
 * The head of an HTTP response, read without mercy for what it is and without
 * throwing away what is wrong: a doctor shows it.
 */

export interface Head {
  readonly _tag: "Head"
  readonly version: string
  readonly status: number
  readonly phrase: string
  /** As they stood there. */
  readonly headers: ReadonlyArray<readonly [name: string, value: string]>
  /** What Node would have refused, where there is something. */
  readonly flaw: string | undefined
  /** In bytes, with the blank line. */
  readonly length: number
}

export interface NoHead {
  readonly _tag: "NoHead"
  /** What speaks there instead, as far as the first bytes tell. */
  readonly speaks: "tls" | "http2" | "other"
  /** The first bytes, printable. */
  readonly sample: string
}

/** The longest head that is waited for. */
const longest = 64 * 1024

/** Reads the head; undefined while it is not there yet. */
export const readHead = (bytes: Buffer): Head | NoHead | undefined => {
  const begin = bytes.toString("latin1", 0, 5)
  if (!"HTTP/".startsWith(begin.slice(0, 5)) && bytes.length > 0) return noHead(bytes)
  const end = bytes.indexOf("\r\n\r\n")
  if (end === -1) return bytes.length > longest ? noHead(bytes) : undefined
  const [first = "", ...lines] = bytes.toString("latin1", 0, end).split("\r\n")
  const match = /^HTTP\/(\d\.\d) (\d{3})(?: (.*))?$/.exec(first)
  if (match === null) return noHead(bytes)
  const [, version = "", status = "", phrase = ""] = match
  const headers = lines.map((line): readonly [string, string] => {
    const colon = line.indexOf(":")
    return [line.slice(0, Math.max(colon, 0)), line.slice(colon + 1).trim()]
  })
  const flawed = lines.find((line) => !/^[!#$%&'*+.^_`|~0-9A-Za-z-]+:/.test(line))
  return {
    _tag: "Head",
    version,
    status: Number(status),
    phrase,
    headers,
    flaw: flawed === undefined ? undefined : `the header line ${JSON.stringify(flawed.slice(0, 60))}`,
    length: end + 4
  }
}

const noHead = (bytes: Buffer): NoHead => ({
  _tag: "NoHead",
  speaks: isTls(bytes) ? "tls" : isHttp2(bytes) ? "http2" : "other",
  sample: JSON.stringify(bytes.toString("latin1", 0, 40)).slice(1, -1)
})

/** An alert or a handshake record (RFC 8446 §5.1). */
const isTls = (bytes: Buffer): boolean => (bytes[0] === 0x15 || bytes[0] === 0x16) && bytes[1] === 0x03

/** A SETTINGS frame on stream 0 (RFC 9113 §6.5), or GOAWAY. */
const isHttp2 = (bytes: Buffer): boolean =>
  bytes.length >= 9 && bytes[0] === 0 && (bytes[3] === 4 || bytes[3] === 7) && bytes.readUInt32BE(5) === 0
