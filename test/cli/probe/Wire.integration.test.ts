import { it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { createServer, type Socket } from "node:net"
import { describe, expect } from "vitest"
import * as frames from "../../../src/cli/chaos/frames.ts"
import { reach } from "../../../src/cli/probe/reach.ts"
import { Wire } from "../../../src/cli/probe/Wire.ts"
import { Notice } from "../../support/notice.ts"

/** A wire, and the other end of it, where the handshake lies behind. */
const pair = (compressed = false) =>
  Effect.gen(function*() {
    const notice = new Notice()
    const got: Array<frames.Frame> = []
    let peer: Socket | undefined
    const server = yield* Effect.acquireRelease(
      Effect.callback<ReturnType<typeof createServer>>((resume) => {
        const made = createServer((socket) => {
          peer = socket
          const reader = new frames.FrameReader()
          socket.on("error", () => undefined)
          socket.on("data", (chunk) => {
            got.push(...reader.read(chunk))
            notice.notify()
          })
          notice.notify()
        })
        made.listen(0, "127.0.0.1", () => resume(Effect.succeed(made)))
      }),
      (made) =>
        Effect.callback<void>((resume) => {
          peer?.destroy()
          made.close(() => resume(Effect.void))
        })
    )
    const address = server.address()
    const port = typeof address === "object" && address !== null ? address.port : 0
    const [incoming] = yield* reach([{ address: "127.0.0.1", family: 4 }], port, undefined, Duration.seconds(5))
    const wire = new Wire(incoming, yield* Clock.clockWith(Effect.succeed), compressed)
    return {
      wire,
      peer: yield* notice.when(() => peer),
      got: (count: number) => notice.when(() => got.length >= count ? got : undefined)
    }
  })

describe("an open WebSocket, frame by frame", () => {
  it.live("counts what comes, and answers pings as a client must", () =>
    Effect.gen(function*() {
      const { got, peer, wire } = yield* pair()
      peer.write(Buffer.concat([frames.text("hello"), frames.encode(frames.opcode.ping, Buffer.from("?"))]))
      expect((yield* got(1))[0]).toMatchObject({ opcode: frames.opcode.pong, masked: true, payload: Buffer.from("?") })
      expect(wire.counts).toEqual({ messages: 1, pings: 1, pongs: 0 })
      expect(wire.first.map(({ frame }) => frame.opcode)).toEqual([1, 9])
      expect([...wire.violations]).toEqual([])
    }))

  it.live("times a ping, by the pong with its payload", () =>
    Effect.gen(function*() {
      const { got, peer, wire } = yield* pair()
      const both = yield* Effect.all([
        wire.ping("mine"),
        Effect.map(got(1), (all) => {
          peer.write(frames.encode(frames.opcode.pong, Buffer.from("another's")))
          peer.write(frames.encode(frames.opcode.pong, all[0]?.payload ?? Buffer.alloc(0)))
        })
      ], { concurrency: 2 })
      expect(both[0]).toBeGreaterThan(0)
      peer.resetAndDestroy()
      expect(yield* wire.ping("too late")).toBeUndefined()
    }))

  it.live("sees how the peer ends it, and echoes its Close frame", () =>
    Effect.gen(function*() {
      const { got, peer, wire } = yield* pair()
      peer.write(frames.close(4000, "bye"))
      expect(frames.readClose((yield* got(1))[0]!.payload).code).toBe(4000)
      expect(wire.closeFrame).toMatchObject({ code: 4000, reason: "bye" })
      peer.end()
      expect(yield* wire.when(() => wire.end)).toMatchObject({ how: "end" })
    }))

  it.live("tells a reset from an end", () =>
    Effect.gen(function*() {
      const { peer, wire } = yield* pair()
      peer.resetAndDestroy()
      expect(yield* wire.when(() => wire.end)).toMatchObject({ how: "reset" })
      expect(wire.over).toBe(true)
    }))

  it.live("notes every breach of the protocol", () =>
    Effect.gen(function*() {
      const { peer, wire } = yield* pair()
      peer.write(Buffer.concat([
        frames.encode(frames.opcode.text, Buffer.from("x"), { mask: Buffer.from("mask") }),
        frames.encode(frames.opcode.text, Buffer.from("x"), { rsv: 4 }),
        frames.encode(frames.opcode.text, Buffer.from([0xc3, 0x28])),
        frames.encode(3, Buffer.alloc(0)),
        frames.encode(frames.opcode.ping, Buffer.alloc(0), { fin: false }),
        frames.close(1006, "")
      ]))
      yield* wire.when(() => wire.closeFrame)
      expect([...wire.violations].join("\n")).toMatch(
        /mask.*\n.*reserved.*\n.*UTF-8.*\n.*kind 3.*\n.*control.*\n.*1006/
      )
    }))

  it.live("takes compressed messages where that was agreed", () =>
    Effect.gen(function*() {
      const { peer, wire } = yield* pair(true)
      peer.write(frames.encode(frames.opcode.text, Buffer.from([1, 2]), { rsv: 4 }))
      yield* wire.when(() => wire.counts.messages === 1 ? true : undefined)
      expect([...wire.violations]).toEqual([])
    }))
})
