/**
 * What is to be sent: from flags, files and stdin, in batches of messages. Each
 * batch is read when the one before it has been taken.
 */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import type { PlatformError } from "effect/PlatformError"
import type * as Result from "effect/Result"
import * as Stdio from "effect/Stdio"
import * as Stream from "effect/Stream"
import type { Message } from "../../Link.ts"
import { type CliFailure, failure } from "../failure.ts"
import { fromHex } from "../hex.ts"
import { type BadLine, type LineFormat, LineSplitter } from "./lines.ts"

/** Messages, one batch after the other. */
export type Input = Stream.Stream<ReadonlyArray<Message>, CliFailure>

/** Where messages come from. Without `execute` and `send` it is stdin. */
export interface Sources {
  readonly execute: ReadonlyArray<string>
  readonly send: ReadonlyArray<string>
  readonly format: LineFormat
}

/** Whether stdin is read at all. */
export const readsStdin = ({ execute, send }: Pick<Sources, "execute" | "send">): boolean =>
  send.length === 0 ? execute.length === 0 : send.includes("-")

/** First `--execute`, then `--send`, in the order given; or stdin. Fails early where a file is not there. */
export const input = (
  { execute, format, send }: Sources
): Effect.Effect<Input, CliFailure, FileSystem.FileSystem | Stdio.Stdio> =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const stdio = yield* Stdio.Stdio
    const stdin = lines(stdio.stdin, format, "stdin")
    if (execute.length === 0 && send.length === 0) return stdin
    const messages: Array<Message> = []
    for (const text of execute) messages.push(yield* message(text, format))
    for (const file of send) {
      if (file !== "-") yield* Effect.mapError(fs.access(file, { readable: true }), (error) => unreadable(file, error))
    }
    const files = send.map((file) => file === "-" ? stdin : lines(fs.stream(file), format, file))
    return files.reduce<Input>((all, file) => Stream.concat(all, file), Stream.make(messages))
  })

const message = (text: string, format: LineFormat): Effect.Effect<Message, CliFailure> => {
  if (format === "text") return Effect.succeed(text)
  const bytes = format === "hex" ? fromHex(text) : new TextEncoder().encode(text)
  return bytes === undefined
    ? Effect.fail(failure("usage", "--execute with --hex must be hex: write pairs of 0-9 and a-f."))
    : Effect.succeed(bytes)
}

const lines = (bytes: Stream.Stream<Uint8Array, PlatformError>, format: LineFormat, from: string): Input =>
  Stream.suspend(() => {
    const splitter = new LineSplitter(format)
    const checked = (result: Result.Result<ReadonlyArray<Message>, BadLine>) =>
      Effect.mapError(
        Effect.fromResult(result),
        ({ line, problem }) => failure("failure", `Line ${line} of ${from} ${problem}.`)
      )
    return bytes.pipe(
      Stream.mapError((error) => unreadable(from, error)),
      Stream.mapEffect((chunk) => checked(splitter.push(chunk))),
      Stream.concat(Stream.fromEffect(Effect.suspend(() => checked(splitter.finish()))))
    )
  })

const unreadable = (from: string, { reason }: PlatformError): CliFailure =>
  from === "stdin"
    ? failure("failure", "stdin cannot be read.")
    : failure(
      "usage",
      reason._tag === "NotFound" ? `--send: there is no file ${from}.` : `--send: ${from} cannot be read.`
    )
