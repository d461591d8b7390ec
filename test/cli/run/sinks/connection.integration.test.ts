import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { describe, expect } from "vitest"
import { connectionSink, websocketSink } from "../../../../src/cli/run/sinks/connection.ts"
import { Notice } from "../../../support/notice.ts"
import { deliveries, make } from "../../../support/workbench.ts"
import * as wsServer from "../../../support/wsServer.ts"

describe("a sink that is another WebSocket", () => {
  it.live("is a connection of the config", () =>
    Effect.gen(function*() {
      const bench = yield* make()
      yield* Effect.scoped(Effect.flatMap(
        connectionSink("other", { type: "connection", connection: "other", format: "ndjson" }),
        (sink) => sink.offer(deliveries("a"))
      )).pipe(Effect.provide(bench.tools))
      expect(bench.sent).toEqual([["other", expect.stringContaining(`"text":"a"`)]])
    }))

  it.live("is a connection of its own, which is closed when all is said", () =>
    Effect.gen(function*() {
      const bench = yield* make()
      const notice = new Notice()
      const said: Array<unknown> = []
      const { url } = yield* wsServer.make((socket, { headers: { authorization } }) => {
        said.push(authorization)
        socket.on("message", (data: Buffer, isBinary) => said.push(isBinary ? [...data] : data.toString()))
        socket.on("close", (code) => {
          said.push(code)
          notice.notify()
        })
      })
      yield* Effect.scoped(Effect.flatMap(
        websocketSink("ws", { type: "websocket", url, auth: { bearer: "t" } }),
        (sink) => sink.offer(deliveries("a", new Uint8Array([1])))
      )).pipe(Effect.provide(bench.tools))
      yield* notice.when(() => said.includes(1001) || undefined)
      expect(said).toEqual(["Bearer t", "a", [1], 1001])
      expect(bench.notes).toEqual([])
    }))
})
