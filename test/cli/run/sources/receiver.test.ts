import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { TestClock } from "effect/testing"
import { describe, expect } from "vitest"
import { Output } from "../../../../src/cli/output.ts"
import { receiver } from "../../../../src/cli/run/sources/receiver.ts"
import type { ConnectionService } from "../../../../src/Connection.ts"
import { ConnectionClosed, ConnectionError } from "../../../../src/ConnectionError.ts"

const make = (format: "text" | "base64", fails = false) => {
  const notes: Array<string> = []
  const sent: Array<unknown> = []
  const output = Output.of({
    json: false,
    level: "info",
    terminal: { stdout: false, stderr: false },
    write: () => Effect.void,
    data: () => Effect.void,
    note: (level, _event, message) => Effect.sync(() => void notes.push(`${level}: ${message}`)),
    paint: (_style, text) => text
  })
  const connection = {
    name: "feed",
    send: (message: unknown) =>
      fails
        ? Effect.fail(new ConnectionError({ reason: new ConnectionClosed({}) }))
        : Effect.sync(() => void sent.push(message))
  } as unknown as ConnectionService
  return { notes, sent, to: receiver("stdin", connection, output, format) }
}

describe("a receiver", () => {
  it.effect("sends a message for each line, in order", () =>
    Effect.gen(function*() {
      const { sent, to } = make("text")
      yield* to.receive(["a", "", "b"])
      expect(sent).toEqual(["a", "", "b"])
    }))

  it.effect("sends bytes for base64, and tells what is none", () =>
    Effect.gen(function*() {
      const { notes, sent, to } = make("base64")
      yield* to.receive(["AAE=", "no!", "/w=="])
      expect(sent).toEqual([new Uint8Array([0, 1]), new Uint8Array([255])])
      expect(notes).toEqual(["warn: feed: source stdin: a line is no base64; 1 line not sent so far"])
    }))

  it.effect("tells from time to time how many lines could not be sent", () =>
    Effect.gen(function*() {
      const { notes, to } = make("text", true)
      yield* to.receive(["a", "b", "c"])
      yield* TestClock.adjust("10 seconds")
      yield* to.receive(["d", "e"])
      expect(notes.map((note) => note.split("; ").at(-1))).toEqual([
        "1 line not sent so far",
        "4 lines not sent so far"
      ])
    }))

  it.effect("tells what was too long, once for each", () =>
    Effect.gen(function*() {
      const { notes, to } = make("text")
      yield* to.skipped(0)
      yield* to.skipped(1)
      yield* to.skipped(1)
      expect(notes).toEqual(["warn: feed: source stdin: a line was longer than 16 MiB; 1 left out so far"])
    }))
})
