import { it } from "@effect/vitest"
import { Effect } from "effect"
import { describe, expect } from "vitest"
import WebSocket from "ws"
import { send, serve } from "../../src/cli/webSocketServer.ts"
import { Notice } from "../support/notice.ts"

const options = { flag: "--listen", onConnection: () => undefined }

describe("a server", () => {
  it.live("listens where it is told, and tells its clients 1001 at the end", () =>
    Effect.gen(function*() {
      const notice = new Notice()
      let code: number | undefined
      yield* Effect.scoped(Effect.gen(function*() {
        const { url } = yield* serve({
          ...options,
          listen: "0",
          onConnection: (socket) => Effect.runFork(send(socket, "hello"))
        })
        expect(url).toMatch(/^ws:\/\/127\.0\.0\.1:\d+$/)
        const client = new WebSocket(url, ["a", "b"])
        client.on("close", (closed) => {
          code = closed
          notice.notify()
        })
        const first = yield* Effect.callback<string>((resume) => {
          client.once("message", (data: Buffer) => resume(Effect.succeed(data.toString())))
        })
        expect({ first, protocol: client.protocol }).toEqual({ first: "hello", protocol: "a" })
      }))
      expect(yield* notice.when(() => code)).toBe(1001)
    }))

  it.live("says what is no address, and where it cannot listen", () =>
    Effect.gen(function*() {
      for (const listen of ["", "host", "127.0.0.1:", "127.0.0.1:70000", "a:b:1"]) {
        expect(yield* Effect.flip(serve({ ...options, listen }))).toMatchObject({ exit: "usage" })
      }
      const { url } = yield* serve({ ...options, listen: "127.0.0.1:0" })
      const error = yield* Effect.flip(serve({ ...options, listen: url.slice("ws://".length) }))
      expect(error).toMatchObject({ exit: "tcp" })
      expect(error.message).toContain("somebody else does")
    }))

  it.live("refuses whom it is told to", () =>
    Effect.gen(function*() {
      const { url } = yield* serve({ ...options, listen: "0", accept: () => 410 })
      const error = yield* Effect.callback<Error>((resume) => {
        new WebSocket(url).once("error", (error) => resume(Effect.succeed(error)))
      })
      expect(error.message).toContain("410")
    }))
})
