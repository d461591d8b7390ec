/**
 * Reads a recording: first all of it, to know that it is one and where its
 * sessions begin; then session after session, as often as wanted.
 */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import type { PlatformError } from "effect/PlatformError"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { type CliFailure, failure } from "../failure.ts"
import { Entry, Head } from "./Recording.ts"

/** One session of a recording. */
export interface RecordedSession {
  /** When it began, milliseconds of the recording. */
  readonly begunAt: number
  readonly subprotocol: string | undefined
  /** Everything after its begin, in batches. */
  readonly entries: Stream.Stream<ReadonlyArray<Entry>, CliFailure>
}

/** What is in a recording. */
export interface ReadRecording {
  readonly head: Head
  readonly sessions: ReadonlyArray<RecordedSession>
}

const decodeHead = Schema.decodeUnknownResult(Schema.fromJsonString(Head))
const decodeEntry = Schema.decodeUnknownResult(Schema.fromJsonString(Entry))

/** Fails, with the line, where it is no recording. */
export const readRecording = (file: string): Effect.Effect<ReadRecording, CliFailure, FileSystem.FileSystem> =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    let head: Head | undefined
    const begins: Array<{ readonly at: number; readonly subprotocol: string | undefined; readonly from: number }> = []
    const ends: Array<number> = []
    yield* Stream.runForEach(lines(fs, file, 0, undefined), (batch) => {
      for (const { from, number, text, to } of batch) {
        if (head === undefined) {
          const decoded = decodeHead(text)
          if (Result.isFailure(decoded)) {
            return Effect.fail(failure("usage", `${file} is no recording.`, "holdfast connect --record makes one."))
          }
          head = decoded.success
          continue
        }
        const entry = decodeEntry(text)
        // Whoever recorded may have been killed in the middle of a line.
        if (Result.isFailure(entry)) return Effect.fail(failure("usage", `${file}, line ${number}, is no frame.`))
        if (entry.success.kind === "open") {
          ends.push(from)
          const { at, subprotocol } = entry.success
          begins.push({ at, subprotocol, from: to })
        }
      }
      return Effect.void
    })
    if (head === undefined) return yield* failure("usage", `${file} is empty.`, "holdfast connect --record makes one.")
    return {
      head,
      sessions: begins.map(({ at, from, subprotocol }, index) => ({
        begunAt: at,
        subprotocol,
        entries: Stream.map(lines(fs, file, from, ends[index + 1]), (batch) =>
          batch.flatMap(({ text }) => {
            const entry = decodeEntry(text)
            return Result.isSuccess(entry) ? [entry.success] : []
          }))
      }))
    }
  })

interface Line {
  readonly text: string
  /** From 1. */
  readonly number: number
  /** Bytes of the file. */
  readonly from: number
  readonly to: number
}

/** The whole lines of a part of a file; what stands after the last line's end is left out. */
const lines = (
  fs: FileSystem.FileSystem,
  file: string,
  from: number,
  to: number | undefined
): Stream.Stream<ReadonlyArray<Line>, CliFailure> =>
  Stream.suspend(() => {
    let rest: Buffer = Buffer.alloc(0)
    let offset = from
    let number = 0
    return fs.stream(file, { offset: from, ...(to === undefined ? {} : { bytesToRead: to - from }) }).pipe(
      Stream.mapError((error) => unreadable(file, error)),
      Stream.map((chunk) => {
        const bytes = rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([rest, chunk])
        const found: Array<Line> = []
        let start = 0
        for (let end = bytes.indexOf(10); end !== -1; end = bytes.indexOf(10, start)) {
          found.push({
            text: bytes.toString("utf8", start, end),
            number: ++number,
            from: offset + start,
            to: offset + end + 1
          })
          start = end + 1
        }
        rest = bytes.subarray(start)
        offset += start
        return found
      })
    )
  })

const unreadable = (file: string, { reason }: PlatformError): CliFailure =>
  failure("usage", reason._tag === "NotFound" ? `There is no file ${file}.` : `${file} cannot be read.`)
