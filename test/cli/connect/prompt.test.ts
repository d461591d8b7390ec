import { it } from "@effect/vitest"
import { Effect, Queue } from "effect"
import { PassThrough } from "node:stream"
import type { WriteStream } from "node:tty"
import { describe, expect } from "vitest"
import { prompt, type PromptOptions } from "../../../src/cli/connect/prompt.ts"
import { settle } from "../../support/connect.ts"

/** A prompt on streams that are no terminal; what a terminal makes of it is tested on one. */
const setup = (options: Partial<PromptOptions> = {}) =>
  Effect.gen(function*() {
    const input = new PassThrough()
    const output = Object.assign(new PassThrough(), { columns: 80, rows: 24 })
    let written = ""
    output.setEncoding("utf8").on("data", (chunk: string) => void (written += chunk))
    const line = yield* prompt({
      input: input as unknown as NodeJS.ReadStream,
      output: output as unknown as WriteStream,
      history: [],
      completions: [],
      onInterrupt: () => undefined,
      ...options
    })
    return { input, line, written: () => written }
  })

describe("the prompt", () => {
  it.effect("hands over lines, and ends with Ctrl-D", () =>
    Effect.gen(function*() {
      const { input, line } = yield* setup()
      input.write("one\rtwo\r")
      yield* settle
      expect(yield* Queue.takeAll(line.lines)).toEqual(["one", "two"])
      input.write("\u0004")
      yield* settle
      expect(yield* Effect.exit(Queue.take(line.lines))).toMatchObject({ _tag: "Failure" })
    }))

  it.effect("calls back for Ctrl-C on an empty line only", () =>
    Effect.gen(function*() {
      let interrupts = 0
      const { input, line } = yield* setup({ onInterrupt: () => interrupts++ })
      input.write("half\u0003")
      yield* settle
      expect(interrupts).toBe(0)
      input.write("\u0003")
      yield* settle
      expect(interrupts).toBe(1)
      input.write("whole\r")
      yield* settle
      expect(yield* Queue.takeAll(line.lines)).toEqual(["whole"])
    }))

  it.effect("draws a line of several rows from its first row", () =>
    Effect.gen(function*() {
      const { input, written } = yield* setup()
      input.write("x".repeat(200))
      yield* settle
      const before = written().length
      // Home.
      input.write("\u0001")
      yield* settle
      expect(written().slice(before).startsWith("\u001b[2A")).toBe(true)
    }))

  it.effect("offers what was typed before", () =>
    Effect.gen(function*() {
      const { input, line } = yield* setup({ history: ["newest", "older"] })
      input.write("\u001b[A\u001b[A\r")
      yield* settle
      expect(yield* Queue.takeAll(line.lines)).toEqual(["older"])
    }))

  it.effect("shows the status in front, and writes above the line", () =>
    Effect.gen(function*() {
      const { line, written } = yield* setup()
      yield* line.status("[open] > ")
      yield* line.above(Effect.sync(() => undefined))
      yield* settle
      expect(written()).toContain("[open] > ")
    }))
})
