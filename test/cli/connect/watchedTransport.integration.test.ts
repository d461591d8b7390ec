import { it } from "@effect/vitest"
import { Effect, Option } from "effect"
import { describe, expect } from "vitest"
import { combine, watchedTransport, type Watcher } from "../../../src/cli/connect/watchedTransport.ts"
import * as NodeConnection from "../../../src/node/NodeConnection.ts"
import { make } from "../../support/wsServer.ts"

describe("a watched transport", () => {
  it.live("tells each frame that comes or goes, and how the link ends", () =>
    Effect.gen(function*() {
      const { url } = yield* make((socket) => {
        socket.send("with the handshake")
        socket.ping("p")
        socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary }))
      })
      const told: Array<string> = []
      const watcher: Watcher = {
        opened: ({ subprotocol }) => told.push(`opened ${Option.getOrElse(subprotocol, () => "-")}`),
        message: (direction, message) => told.push(`${direction} ${String(message)}`),
        control: (direction, kind, payload) => told.push(`${direction} ${kind} ${new TextDecoder().decode(payload)}`),
        ended: (error) => told.push(`ended ${error.reason._tag}`)
      }
      let opened = 0
      yield* Effect.scoped(Effect.gen(function*() {
        const connection = yield* NodeConnection.make({
          url,
          transport: watchedTransport({}, combine([watcher, { opened: () => opened++ }]))
        })
        const session = yield* connection.awaitOpen
        expect(yield* session.receive).toBe("with the handshake")
        yield* connection.sendAll(["a", Uint8Array.of(1, 2)])
        expect(yield* session.receive).toBe("a")
        expect(yield* session.receive).toEqual(Uint8Array.of(1, 2))
      }))
      expect(told.toSorted()).toEqual([
        "ended NormalClosure",
        "opened -",
        "received 1,2",
        "received a",
        "received ping p",
        "received with the handshake",
        "sent 1,2",
        "sent a"
      ])
      expect(told.indexOf("sent a")).toBeLessThan(told.indexOf("received a"))
      expect(opened).toBe(1)
    }))

  it.live("hands pings and pongs of ours on, and tells them", () =>
    Effect.gen(function*() {
      const pongs: Array<string> = []
      const { url } = yield* make((socket) => socket.on("pong", (data) => pongs.push(data.toString())))
      const told: Array<string> = []
      yield* Effect.scoped(Effect.gen(function*() {
        const connection = yield* NodeConnection.make({
          url,
          transport: watchedTransport({}, {
            control: (direction, kind) => told.push(`${direction} ${kind}`),
            opened: (link) => {
              link.sendPong(new TextEncoder().encode("x"))
              link.sendPing(new Uint8Array(), () => undefined)
            }
          })
        })
        yield* connection.awaitOpen
        while (!told.includes("received pong")) yield* Effect.sleep("5 millis")
      }))
      expect({ told, pongs }).toEqual({ told: ["sent pong", "sent ping", "received pong"], pongs: ["x"] })
    }))
})
