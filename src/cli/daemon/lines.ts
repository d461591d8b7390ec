/**
 * A stream of bytes as lines, in both directions.
 */
import type { Duplex, Readable } from "node:stream"
import { StringDecoder } from "node:string_decoder"

/** Calls `onLine` for each line, without its end. A line that grows beyond `longest` is dropped, with `onTooLong`. */
export const readLines = (
  stream: Readable,
  options: {
    readonly longest: number
    readonly onLine: (line: string) => void
    readonly onTooLong: () => void
  }
): void => {
  const decoder = new StringDecoder("utf8")
  // A long line comes in many chunks: joined once, since joining at each would cost the square of its length.
  let parts: Array<string> = []
  let length = 0
  const take = (): string => {
    const line = parts.join("")
    parts = []
    length = 0
    return line
  }
  const keep = (part: string) => {
    if (part === "") return
    parts.push(part)
    length += part.length
    if (length <= options.longest) return
    take()
    options.onTooLong()
  }
  stream.on("data", (chunk: Buffer) => {
    const [first = "", ...more] = decoder.write(chunk).split("\n")
    keep(first)
    for (const part of more) {
      options.onLine(take())
      keep(part)
    }
  })
  stream.on("end", () => {
    keep(decoder.end())
    if (length > 0) options.onLine(take())
  })
}

/** Writes a line; who has gone is not told. */
export const writeLine = (stream: Duplex, line: string): void => {
  if (stream.writable) stream.write(`${line}\n`)
}
