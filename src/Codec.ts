/**
 * What stands in a frame: from values to messages and back.
 *
 * A codec is a plain value. These read text, and binary frames as UTF-8: `json`,
 * `ndjson`, `text`. `bytes` reads binary frames only, as `holdfast/msgpack` does.
 */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { describeUnknown } from "./internal/describe.ts"
import { headOf, nameOfThrown } from "./internal/frameHead.ts"
import type { Message } from "./Link.ts"

/**
 * From values to messages and back. Both functions are synchronous and may throw;
 * what they throw becomes a `CodecError`.
 *
 * **Gotchas**
 *
 * A message may be seen by others too: a codec neither changes its bytes nor
 * gives out values that somebody may change through them.
 */
export interface Codec {
  /** For errors, such as `json`. */
  readonly name: string
  /** One value as one message. */
  readonly encode: (value: unknown) => Message
  /** The value in a message, or in a part of one. */
  readonly decode: (message: Message) => unknown
  /** The parts of a message that holds several values, each to be decoded by itself. Default: the message is the only one. */
  readonly split?: ((message: Message) => Iterable<Message>) | undefined
  /** Whether what is in a frame may stand in no error, log or event. Default false. */
  readonly redacted?: boolean | undefined
}

/** A value or a frame with which a codec could do nothing. */
export class CodecError extends Schema.TaggedError<CodecError>("holdfast/CodecError")("CodecError", {
  /** The codec's name. */
  codec: Schema.String,
  direction: Schema.Literals(["encode", "decode"]),
  /** What the codec threw; with a redacted codec only its name, since messages such as `JSON.parse`'s quote their input. */
  cause: Schema.Defect(),
  /** The first 64 characters of a text, the first 64 bytes of a binary frame in hex; `<redacted>` with a redacted codec; empty when encoding. */
  head: Schema.String
}) {
  override get message(): string {
    const what = this.direction === "encode" ? "encode the value" : "decode the frame"
    const begins = this.head === "" ? "" : ` (it begins with ${this.head})`
    return `${this.codec} cannot ${what}: ${describeUnknown(this.cause)}${begins}`
  }
}

/**
 * A codec of one's own.
 *
 * **Example**
 *
 * ```ts
 * const csv = Codec.make({
 *   name: "csv",
 *   encode: (value) => (value as ReadonlyArray<string>).join(","),
 *   decode: (message) => Codec.textOf(message).split(",")
 * })
 * ```
 */
export const make = (codec: Codec): Codec => ({ ...codec })

/** The same codec, of whose frames nothing is told: no first bytes, and nothing of what was thrown but its name. */
export const redacted = (codec: Codec): Codec => ({ ...codec, redacted: true })

/**
 * A message as text: bytes are read as UTF-8, without a byte order mark. Throws
 * where they are not UTF-8.
 */
export const textOf = (message: Message): string => typeof message === "string" ? message : utf8.decode(message)

/** JSON, one value in a frame, sent as text. Throws for what JSON cannot say, such as `undefined` or a bigint. */
export const json: Codec = {
  name: "json",
  encode: (value) => {
    const text = JSON.stringify(value) as string | undefined
    if (text === undefined) throw new TypeError(`JSON cannot say ${typeof value}`)
    return text
  },
  decode: (message) => JSON.parse(typeof message === "string" ? message : utf8.decode(message))
}

/**
 * JSON, any number of values in a frame, a line each. Empty lines are skipped,
 * the last line need not end; each value is sent as a frame with one line.
 */
export const ndjson: Codec = {
  name: "ndjson",
  encode: (value) => `${json.encode(value) as string}\n`,
  decode: json.decode,
  split: (message) => textOf(message).split("\n").filter((line) => hasText.test(line))
}

/** Strings, sent as text. */
export const text: Codec = {
  name: "text",
  encode: (value) => {
    if (typeof value !== "string") throw new TypeError(`expected a string, got ${typeof value}`)
    return value
  },
  decode: textOf
}

/** `Uint8Array`s, sent as binary frames. What is received is the frame itself, shared by all readers: copy before changing it. */
export const bytes: Codec = {
  name: "bytes",
  encode: (value) => {
    if (!(value instanceof Uint8Array)) throw new TypeError(`expected a Uint8Array, got ${typeof value}`)
    return value
  },
  decode: (message) => {
    if (typeof message === "string") throw new TypeError("expected a binary frame, got text")
    return message
  }
}

/** A value as a message. */
export const encode = (codec: Codec, value: unknown): Result.Result<Message, CodecError> => {
  try {
    return Result.succeed(codec.encode(value))
  } catch (cause) {
    return Result.fail(codecError(codec, "encode", cause, undefined))
  }
}

/** All values in a message, or the error of the first that cannot be read. */
export const decode = (codec: Codec, message: Message): Result.Result<ReadonlyArray<unknown>, CodecError> => {
  let part = message
  try {
    if (codec.split === undefined) return Result.succeed([codec.decode(message)])
    const values: Array<unknown> = []
    for (part of codec.split(message)) values.push(codec.decode(part))
    return Result.succeed(values)
  } catch (cause) {
    return Result.fail(codecError(codec, "decode", cause, part))
  }
}

const codecError = (
  codec: Codec,
  direction: "encode" | "decode",
  cause: unknown,
  message: Message | undefined
): CodecError =>
  new CodecError({
    codec: codec.name,
    direction,
    cause: codec.redacted === true ? nameOfThrown(cause) : cause,
    head: message === undefined ? "" : headOf(message, codec.redacted === true)
  })

const utf8 = new TextDecoder("utf-8", { fatal: true })
const hasText = /\S/
