import { it } from "@effect/vitest"
import { Effect, FileSystem, Layer, PlatformError, Stdio, Stream } from "effect"
import { describe, expect } from "vitest"
import { input, readsStdin, type Sources } from "../../../src/cli/connect/input.ts"

const bytes = (text: string) => new TextEncoder().encode(text)
const missing = PlatformError.systemError({ _tag: "NotFound", module: "FileSystem", method: "open" })

const surroundings = Layer.mergeAll(
  Stdio.layerTest({ stdin: Stream.make(bytes("from st"), bytes("din\nlast")) }),
  FileSystem.layerNoop({
    access: (path) => path === "/none" ? Effect.fail(missing) : Effect.void,
    stream: (path) => path === "/bad" ? Stream.make(Uint8Array.of(0xff, 0x0a)) : Stream.make(bytes(`1 of ${path}\n2\n`))
  })
)
const messages = (sources: Partial<Sources>) =>
  Effect.gen(function*() {
    const stream = yield* input({ execute: [], send: [], format: "text", ...sources })
    return (yield* Stream.runCollect(stream)).flat()
  }).pipe(Effect.provide(surroundings))

describe("the input", () => {
  it.effect("is stdin, where nothing else is given", () =>
    Effect.gen(function*() {
      expect(yield* messages({})).toEqual(["from stdin", "last"])
      expect(readsStdin({ execute: [], send: [] })).toBe(true)
    }))

  it.effect("is messages and files in their order, and then stdin only where it is asked for", () =>
    Effect.gen(function*() {
      expect(yield* messages({ execute: ["x", "y"], send: ["/a", "-", "/b"] })).toEqual(
        ["x", "y", "1 of /a", "2", "from stdin", "last", "1 of /b", "2"]
      )
      expect(yield* messages({ send: ["/a"] })).toEqual(["1 of /a", "2"])
      expect([["x"], []].map((execute) => readsStdin({ execute, send: ["/a"] }))).toEqual([false, false])
      expect(readsStdin({ execute: ["x"], send: [] })).toBe(false)
      expect(readsStdin({ execute: ["x"], send: ["-"] })).toBe(true)
    }))

  it.effect("may be hex or bytes", () =>
    Effect.gen(function*() {
      expect(yield* messages({ execute: ["00ff"], format: "hex" })).toEqual([Uint8Array.of(0, 255)])
      expect(yield* messages({ execute: ["a"], format: "binary" })).toEqual([Uint8Array.of(97)])
      expect(yield* Effect.flip(messages({ execute: ["zz"], format: "hex" }))).toMatchObject({ exit: "usage" })
    }))

  it.effect("that cannot be read is told before anything is dialled", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Effect.provide(
        input({ execute: [], send: ["/a", "/none"], format: "text" }),
        surroundings
      ))
      expect(error).toMatchObject({ exit: "usage", message: "--send: there is no file /none." })
    }))

  it.effect("that is not UTF-8 is told with its line", () =>
    Effect.gen(function*() {
      expect(yield* Effect.flip(messages({ send: ["/bad"] }))).toMatchObject({
        exit: "failure",
        message: "Line 1 of /bad is not UTF-8; --binary sends lines as they are."
      })
    }))
})
