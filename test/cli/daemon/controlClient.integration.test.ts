import { it } from "@effect/vitest"
import { Effect, FileSystem } from "effect"
import { createServer, type Socket } from "node:net"
import { describe, expect } from "vitest"
import { ask } from "../../../src/cli/daemon/controlClient.ts"
import { placeIn } from "../../../src/cli/daemon/place.ts"
import * as platform from "../../support/nodePlatform.ts"

const place = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  return placeIn(yield* fs.makeTempDirectoryScoped(), "feed")
})

const somebody = (socket: string, onConnection: (socket: Socket) => void) =>
  Effect.acquireRelease(
    Effect.callback<ReturnType<typeof createServer>>((resume) => {
      const server = createServer((socket) => onConnection(socket.on("error", () => undefined).resume()))
      server.listen(socket, () => resume(Effect.succeed(server)))
    }),
    (server) => Effect.callback<void>((resume) => void server.close(() => resume(Effect.void)))
  )

describe("asking", () => {
  it.live("fails where nobody is there", () =>
    Effect.gen(function*() {
      const feed = yield* place
      expect(yield* Effect.flip(ask(feed, { _tag: "Stop" }))).toMatchObject({
        exit: "notRunning",
        exitCode: 7,
        message: "\"feed\" is not running."
      })
    }).pipe(Effect.provide(platform.layer)))

  it.live("fails where the other one is silent, or hangs up", () =>
    Effect.gen(function*() {
      const feed = yield* place
      yield* somebody(feed.socket, () => undefined)
      expect(yield* Effect.flip(ask(feed, { _tag: "Stop" }, 50))).toMatchObject({ exit: "timeout" })
      const orders = { ...feed, socket: `${feed.socket}2` }
      yield* somebody(orders.socket, (socket) => socket.end())
      expect(yield* Effect.flip(ask(orders, { _tag: "Stop" }))).toMatchObject({ exit: "notRunning" })
    }).pipe(Effect.provide(platform.layer)))
})
