import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { IncomingMessage } from "node:http"
import { PassThrough } from "node:stream"
import { readBody } from "../../../src/node/internal/refusalBody.ts"

const reading = (write: (response: PassThrough) => void) =>
  Effect.callback<string>((resume) => {
    const response = new PassThrough()
    readBody(response as unknown as IncomingMessage, 8, (body) => {
      resume(Effect.succeed(new TextDecoder().decode(body)))
    })
    write(response)
  })

describe("readBody", () => {
  it.live("gives a short body whole", () =>
    Effect.gen(function*() {
      const body = reading((response) => {
        response.write("ab")
        response.end("cd")
      })
      assert.strictEqual(yield* body, "abcd")
    }))

  it.live("gives the beginning of a long one, without waiting for the rest", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* reading((response) => void response.write("0123456789")), "01234567")
    }))

  it.live("gives what is there when the connection is lost", () =>
    Effect.gen(function*() {
      const body = reading((response) => {
        response.write("ab")
        setImmediate(() => response.destroy())
      })
      assert.strictEqual(yield* body, "ab")
    }))

  it.live("never calls back once cancelled, and leaves no listener", () =>
    Effect.gen(function*() {
      const response = new PassThrough()
      const before = response.eventNames().map((name) => response.listenerCount(name))
      let called = false
      const cancel = readBody(response as unknown as IncomingMessage, 8, () => {
        called = true
      })
      cancel()
      response.resume().end("0123456789")
      yield* Effect.callback<void>((resume) => void response.once("close", () => resume(Effect.void)))
      assert.isFalse(called)
      assert.deepStrictEqual(response.eventNames().map((name) => response.listenerCount(name)), before)
    }))
})
