import { it } from "@effect/vitest"
import { Effect, FileSystem, PlatformError, Stream } from "effect"
import { describe, expect } from "vitest"
import { readRecording } from "../../../src/cli/recording/readRecording.ts"

const head = { holdfast: "recording/1", startedAt: "2026-01-01T00:00:00.000Z", endpoint: "ws://x/" }
const text = (...lines: ReadonlyArray<unknown>) => lines.map((line) => `${JSON.stringify(line)}\n`).join("")
const missing = PlatformError.systemError({ _tag: "NotFound", module: "FileSystem", method: "open" })

/** A disk whose one file comes in chunks of so many bytes. */
const disk = (content: string | undefined, chunk = 7) =>
  FileSystem.layerNoop({
    stream: (_, { bytesToRead, offset } = {}) => {
      if (content === undefined) return Stream.fail(missing)
      const bytes = Buffer.from(content)
      const end = bytesToRead === undefined ? bytes.length : Number(offset) + Number(bytesToRead)
      const parts: Array<Uint8Array> = []
      for (let at = Number(offset); at < end; at += chunk) parts.push(bytes.subarray(at, Math.min(at + chunk, end)))
      return Stream.fromIterable(parts)
    }
  })

const two = [
  head,
  { at: 5, kind: "open", subprotocol: "chat" },
  { at: 6, direction: "received", kind: "text", data: "zwölf" },
  { at: 9, direction: "received", kind: "close", code: 1012, reason: "" },
  { at: 20, kind: "open" },
  { at: 21, direction: "sent", kind: "text", data: "b" }
]

const sessions = (content: string, chunk?: number) =>
  Effect.gen(function*() {
    const recording = yield* readRecording("/file")
    return yield* Effect.forEach(recording.sessions, ({ begunAt, entries, subprotocol }) =>
      Effect.map(Stream.runCollect(entries), (batches) => ({ begunAt, subprotocol, entries: batches.flat() })))
  }).pipe(Effect.provide(disk(content, chunk)))

const problem = (content: string | undefined) =>
  Effect.map(Effect.flip(Effect.provide(readRecording("/file"), disk(content))), ({ message }) => message)

describe("reading a recording", () => {
  it.effect("finds its sessions, wherever the chunks are cut", () =>
    Effect.gen(function*() {
      for (const chunk of [1, 7, 64, 100_000]) {
        expect(yield* sessions(text(...two), chunk)).toEqual([
          { begunAt: 5, subprotocol: "chat", entries: two.slice(2, 4) },
          { begunAt: 20, subprotocol: undefined, entries: two.slice(5) }
        ])
      }
    }))

  it.effect("leaves out a last line that was cut off", () =>
    Effect.gen(function*() {
      const read = yield* sessions(`${text(...two)}{"at":22,"direction":"se`)
      expect(read[1]?.entries).toEqual(two.slice(5))
    }))

  it.effect("says what is no recording, and which line is wrong", () =>
    Effect.gen(function*() {
      expect(yield* problem(undefined)).toBe("There is no file /file.")
      expect(yield* problem("")).toBe("/file is empty.")
      expect(yield* problem("hello\n")).toBe("/file is no recording.")
      expect(yield* problem(text(head, { at: 1, kind: "open" }, { at: 2 }))).toBe("/file, line 3, is no frame.")
    }))
})
