/**
 * From chunks of bytes to lines, and from lines to messages: whole chunks at a
 * time, since a million lines must not be a million steps.
 */
import * as Result from "effect/Result"
import type { Message } from "../../Link.ts"
import { fromHex } from "../hex.ts"

/** What a line is made into. */
export type LineFormat = "text" | "binary" | "hex"

/** What is wrong with a line. */
export interface BadLine {
  /** From 1. */
  readonly line: number
  readonly problem: string
}

/** The longest line that is taken, in bytes. */
export const longest = 64 * 1024 * 1024

const newline = 10
const carriageReturn = 13

/**
 * Splits what comes in chunks into messages, one a line. The line's end, `\n` or
 * `\r\n`, is not part of it; the last line needs none.
 */
export class LineSplitter {
  private readonly format: LineFormat
  /** The beginning of a line whose end has not come yet. */
  private begun: Array<Uint8Array> = []
  private begunBytes = 0
  private lines = 0
  private readonly decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

  constructor(format: LineFormat) {
    this.format = format
  }

  /** The lines that ended in this chunk. */
  push(chunk: Uint8Array): Result.Result<ReadonlyArray<Message>, BadLine> {
    const end = chunk.lastIndexOf(newline)
    if (end === -1) {
      this.begun.push(chunk)
      this.begunBytes += chunk.length
      return this.begunBytes > longest
        ? this.bad(0, `is longer than ${longest / 1024 / 1024} MiB; no message can be that long`)
        : Result.succeed([])
    }
    const whole = this.begun.length === 0
      ? chunk.subarray(0, end)
      : Buffer.concat([...this.begun, chunk.subarray(0, end)])
    const rest = chunk.subarray(end + 1)
    this.begun = rest.length === 0 ? [] : [rest]
    this.begunBytes = rest.length
    return this.convert(whole)
  }

  /** The last line, where it had no end. */
  finish(): Result.Result<ReadonlyArray<Message>, BadLine> {
    if (this.begunBytes === 0) return Result.succeed([])
    const last = Buffer.concat(this.begun)
    this.begun = []
    this.begunBytes = 0
    return this.convert(last)
  }

  private bad(index: number, problem: string): Result.Result<never, BadLine> {
    return Result.fail({ line: this.lines + index + 1, problem })
  }

  private convert(bytes: Uint8Array): Result.Result<ReadonlyArray<Message>, BadLine> {
    const converted = this.format === "text" ? this.texts(bytes) : this.bytes(bytes)
    if (Result.isSuccess(converted)) this.lines += converted.success.length
    return converted
  }

  private texts(bytes: Uint8Array): Result.Result<ReadonlyArray<Message>, BadLine> {
    const text = this.decode(bytes)
    if (text === undefined) {
      const index = split(bytes).findIndex((line) => this.decode(line) === undefined)
      return this.bad(index, "is not UTF-8; --binary sends lines as they are")
    }
    const lines = text.split("\n")
    return Result.succeed(text.includes("\r") ? lines.map(withoutReturn) : lines)
  }

  private decode(bytes: Uint8Array): string | undefined {
    try {
      return this.decoder.decode(bytes)
    } catch {
      return undefined
    }
  }

  private bytes(bytes: Uint8Array): Result.Result<ReadonlyArray<Message>, BadLine> {
    const lines = split(bytes)
    if (this.format === "binary") return Result.succeed(lines)
    const messages: Array<Message> = []
    for (const line of lines) {
      const message = fromHex(Buffer.from(line).toString("latin1"))
      if (message === undefined) return this.bad(messages.length, "is not hex: write pairs of 0-9 and a-f")
      messages.push(message)
    }
    return Result.succeed(messages)
  }
}

const withoutReturn = (line: string): string => line.endsWith("\r") ? line.slice(0, -1) : line

const split = (bytes: Uint8Array): Array<Uint8Array> => {
  const lines: Array<Uint8Array> = []
  for (let from = 0; from <= bytes.length;) {
    const at = bytes.indexOf(newline, from)
    const to = at === -1 ? bytes.length : at
    lines.push(bytes.subarray(from, to > from && bytes[to - 1] === carriageReturn ? to - 1 : to))
    from = to + 1
  }
  return lines
}
