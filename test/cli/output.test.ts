import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { Writable } from "node:stream"
import { afterEach, describe, expect, vi } from "vitest"
import { make, type OutputOptions } from "../../src/cli/output.ts"

class Sink extends Writable {
  text = ""
  readonly isTTY: boolean
  private readonly error: NodeJS.ErrnoException | undefined
  constructor(isTTY = false, error?: NodeJS.ErrnoException) {
    super()
    this.isTTY = isTTY
    this.error = error
  }
  override _write(chunk: Buffer, _: BufferEncoding, done: (error?: Error | null) => void): void {
    if (this.error === undefined) this.text += chunk.toString()
    done(this.error)
  }
}

/** Nobody reads it for a while. */
class Stuck extends Sink {
  private held: (() => void) | undefined = undefined
  private stuck = true
  override _write(chunk: Buffer, encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    const write = () => super._write(chunk, encoding, done)
    if (this.stuck) this.held = write
    else write()
  }
  release(): void {
    this.stuck = false
    this.held?.()
  }
}

const failing = (code: string) => new Sink(false, Object.assign(new Error(`write ${code}`), { code }))

const setup = (options: Partial<OutputOptions> & { readonly stdout?: Sink; readonly stderr?: Sink } = {}) => {
  const stdout = options.stdout ?? new Sink()
  const stderr = options.stderr ?? new Sink()
  return { stdout, stderr, output: make({ json: false, level: "info", colours: "auto", ...options, stdout, stderr }) }
}

afterEach(() => {
  vi.unstubAllEnvs()
})

describe("output", () => {
  it.effect("puts data on stdout and notes on stderr", () =>
    Effect.gen(function*() {
      const { output, stderr, stdout } = setup()
      yield* output.data("hello", { text: "hello" })
      yield* output.note("info", "opened", "feed: open", { session: 1 })
      expect([stdout.text, stderr.text]).toEqual(["hello\n", "feed: open\n"])
    }))

  it.effect("makes both NDJSON with --json", () =>
    Effect.gen(function*() {
      const { output, stderr, stdout } = setup({ json: true })
      yield* output.data("hello", { text: "hello" })
      yield* output.note("warn", "dropped", "3 dropped", { messages: 3 })
      expect(JSON.parse(stdout.text)).toEqual({ text: "hello" })
      expect(JSON.parse(stderr.text)).toEqual({
        at: "1970-01-01T00:00:00.000Z",
        level: "warn",
        event: "dropped",
        message: "3 dropped",
        messages: 3
      })
    }))

  it.effect("writes out what would steer a terminal in JSON too, which is the same value", () =>
    Effect.gen(function*() {
      const { output, stderr, stdout } = setup({ json: true })
      yield* output.data("", { text: "\u009b31m\u007f\u001b\u00e4" })
      yield* output.note("info", "opened", "open", { path: "\u0085" })
      expect(stdout.text).toBe(`{"text":"\\u009b31m\\u007f\\u001b\u00e4"}\n`)
      expect(JSON.parse(stdout.text)).toEqual({ text: "\u009b31m\u007f\u001b\u00e4" })
      expect(stderr.text).toContain(`"path":"\\u0085"`)
    }))

  it.effect("leaves out notes that nobody reads, and says how many", () =>
    Effect.gen(function*() {
      const stderr = new Stuck()
      const { output } = setup({ stderr })
      const long = "x".repeat(300_000)
      for (let n = 0; n < 10; n++) yield* output.note("info", "long", long)
      expect(stderr.writableLength).toBeLessThan(1_500_000)
      stderr.release()
      yield* output.note("info", "opened", "open")
      expect(stderr.text).toBe(`${`${long}\n`.repeat(4)}6 notes were left out: nobody read stderr\nopen\n`)
    }))

  it.effect("leaves out what is less important than asked for", () =>
    Effect.gen(function*() {
      const { output, stderr } = setup({ level: "warn" })
      yield* output.note("info", "opened", "open")
      yield* output.note("error", "failed", "failed")
      expect(stderr.text).toBe("failed\n")
    }))

  it.effect("colours a terminal only, and each stream for itself", () =>
    Effect.gen(function*() {
      vi.stubEnv("NO_COLOR", "")
      const { output, stderr } = setup({ stderr: new Sink(true) })
      expect(output.paint("red", "x", "stdout")).toBe("x")
      expect(output.paint("red", "x", "stderr")).toBe("\u001b[31mx\u001b[39m")
      yield* output.note("error", "failed", "failed")
      expect(stderr.text).toBe("\u001b[31mfailed\u001b[39m\n")
    }))

  it.effect("writes out what would steer a terminal", () =>
    Effect.gen(function*() {
      vi.stubEnv("NO_COLOR", "")
      const { output, stderr } = setup({ stderr: new Sink(true) })
      yield* output.note("info", "opened", `${output.paint("red", "x")}\u001b[2J\u0007`)
      expect(stderr.text).toBe("\u001b[31mx\u001b[39m\\x1b[2J\\x07\n")
      const none = setup()
      yield* none.output.note("info", "opened", "\u001b[31mx\nnext")
      expect(none.stderr.text).toBe("\\x1b[31mx\nnext\n")
    }))

  it("has no colours with NO_COLOR, with --no-color, or as NDJSON", () => {
    const terminal = { stderr: new Sink(true) }
    vi.stubEnv("NO_COLOR", "")
    expect(setup({ ...terminal, colours: "never" }).output.paint("red", "x")).toBe("x")
    expect(setup({ ...terminal, json: true }).output.paint("red", "x")).toBe("x")
    vi.stubEnv("NO_COLOR", "1")
    expect(setup(terminal).output.paint("red", "x")).toBe("x")
  })

  it.effect("fails once the reader has gone, and stays so", () =>
    Effect.gen(function*() {
      const { output } = setup({ stdout: failing("EPIPE") })
      expect((yield* Effect.flip(output.write("x"))).exit).toBe("brokenPipe")
      expect((yield* Effect.flip(output.write("x"))).exit).toBe("brokenPipe")
    }))

  it.effect("says why stdout cannot be written", () =>
    Effect.gen(function*() {
      const { output } = setup({ stdout: failing("ENOSPC") })
      const error = yield* Effect.flip(output.write("x"))
      expect(error.exit).toBe("output")
      expect(error.message).toContain("ENOSPC")
    }))

  it.effect("does not care whether anybody reads its notes", () =>
    Effect.gen(function*() {
      const { output } = setup({ stderr: failing("EPIPE") })
      yield* output.note("error", "failed", "failed")
      yield* output.note("error", "failed", "failed")
    }))
})
