/**
 * What received messages look like on stdout. Messages are gathered in one
 * buffer, which is used again and again: a million lines make no garbage.
 */
import type { Message } from "../../Link.ts"
import { visible, visibleJson } from "../visible.ts"

/**
 * How messages are printed: `text` and `hex` one a line, binary ones as they are
 * or in hex; `binary` byte after byte, with nothing in between; `json` one object
 * a line.
 */
export type PrintFormat = "text" | "hex" | "binary" | "json"

/** What `--json` says of a message. */
export const record = (message: Message, at: string): Readonly<Record<string, unknown>> =>
  typeof message === "string"
    ? { at, kind: "text", data: message }
    : { at, kind: "binary", base64: base64(message) }

/** Bytes in base64. */
export const base64 = (bytes: Uint8Array): string => asBuffer(bytes).toString("base64")

/** Bytes in hex. */
export const hex = (bytes: Uint8Array): string => asBuffer(bytes).toString("hex")

const text = (message: Message): string => typeof message === "string" ? message : asBuffer(message).toString()

const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)

/** Bytes that go out at once. */
const size = 64 * 1024

const newline = 10

/** Prints messages, piece by piece. */
export class Printer {
  private readonly format: PrintFormat
  private readonly terminal: boolean
  private readonly buffer = Buffer.allocUnsafeSlow(size)

  /** On a terminal, control characters are written out; bytes that were asked for are not touched. */
  constructor(format: PrintFormat, terminal: boolean) {
    this.format = format
    this.terminal = terminal && format !== "binary"
  }

  /** The pieces of a batch. Each is to be written before the next is asked for. `at` is when it came, ISO 8601. */
  *pieces(messages: ReadonlyArray<Message>, at: () => string): Generator<Uint8Array, void> {
    const { buffer } = this
    const now = this.format === "json" ? at() : ""
    const end = this.format === "binary" ? 0 : 1
    let filled = 0
    for (const message of messages) {
      const printed = this.terminal ? visible(text(this.printed(message, now))) : this.printed(message, now)
      // At most three bytes for a code unit.
      const most = (typeof printed === "string" ? printed.length * 3 : printed.length) + end
      if (filled + most > size) {
        if (filled > 0) yield buffer.subarray(0, filled)
        filled = 0
        if (most > size) {
          yield Buffer.concat([Buffer.from(printed as Uint8Array), Buffer.alloc(end, newline)])
          continue
        }
      }
      if (typeof printed === "string") filled += buffer.write(printed, filled)
      else {
        buffer.set(printed, filled)
        filled += printed.length
      }
      if (end > 0) buffer[filled++] = newline
    }
    if (filled > 0) yield buffer.subarray(0, filled)
  }

  private printed(message: Message, now: string): Message {
    switch (this.format) {
      case "json":
        return visibleJson(record(message, now))
      case "hex":
        return typeof message === "string" ? message : hex(message)
      default:
        return message
    }
  }
}
