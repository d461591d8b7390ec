// What a raw client sees of a session that goes wrong, byte by byte.
import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { connect, type Socket } from "node:net"
import { describe, expect } from "vitest"
import type { SessionFault } from "../../../src/cli/chaos/Fault.ts"
import * as frames from "../../../src/cli/chaos/frames.ts"
import * as MisbehavingServer from "../../../src/cli/chaos/misbehavingServer.ts"
import { Notice } from "../../support/notice.ts"

const request = "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
const mask = Buffer.from([1, 2, 3, 4])

/** An open session, and the frames that came in it. */
const session = (faults: ReadonlyArray<SessionFault>, behind: Buffer = Buffer.alloc(0)) =>
  Effect.gen(function*() {
    const server = yield* Effect.orDie(MisbehavingServer.make({ manners: { echo: true, feed: undefined } }))
    yield* server.misbehave(faults)
    const notice = new Notice()
    const reader = new frames.FrameReader()
    const got: Array<frames.Frame> = []
    let head = ""
    let ended = false
    const socket: Socket = yield* Effect.acquireRelease(
      Effect.sync(() => connect(server.port, "127.0.0.1")),
      (socket) => Effect.sync(() => void socket.destroy())
    )
    socket.on("error", () => undefined)
    socket.on("end", () => {
      ended = true
      notice.notify()
    })
    socket.on("data", (chunk) => {
      if (head === "") {
        const end = chunk.indexOf("\r\n\r\n") + 4
        head = chunk.toString("latin1", 0, end)
        got.push(...reader.read(chunk.subarray(end)))
      } else got.push(...reader.read(chunk))
      notice.notify()
    })
    socket.write(Buffer.concat([Buffer.from(request), behind]))
    yield* notice.when(() => head !== "" ? true : undefined)
    return {
      socket,
      frames: (count: number) => notice.when(() => got.length >= count ? got : undefined),
      ended: notice.when(() => ended ? true : undefined),
      isOpen: () => !ended
    }
  })

describe("a session of the misbehaving server", () => {
  it.live("reads what came right behind the request", () =>
    Effect.gen(function*() {
      const early = frames.encode(frames.opcode.text, Buffer.from("early"), { mask })
      const { frames: got } = yield* session([], early)
      expect(String((yield* got(1))[0]?.payload)).toBe("early")
    }))

  it.live("answers a Close frame with its own code, and ends TCP", () =>
    Effect.gen(function*() {
      const { ended, frames: got, socket } = yield* session([])
      socket.write(frames.encode(frames.opcode.close, frames.closeBody(4000, "bye"), { mask }))
      expect(frames.readClose((yield* got(1))[0]!.payload)).toEqual({ code: 4000, reason: "bye" })
      yield* ended
    }))

  it.live("keeps TCP open when it is told to, although Close frames were exchanged", () =>
    Effect.gen(function*() {
      const { frames: got, isOpen, socket } = yield* session([{ fault: "keep-tcp" }])
      socket.write(frames.encode(frames.opcode.close, frames.closeBody(1000, ""), { mask }))
      yield* got(1)
      socket.end()
      yield* Effect.sleep("50 millis")
      expect(isOpen()).toBe(true)
    }))

  it.live("sends codes that no frame may have", () =>
    Effect.gen(function*() {
      const { frames: got } = yield* session([{ fault: "close", code: 1006, reason: "never" }])
      expect(frames.readClose((yield* got(1))[0]!.payload)).toEqual({ code: 1006, reason: "never" })
    }))

  it.live("sends frames with a mask and with reserved bits", () =>
    Effect.gen(function*() {
      const { frames: got } = yield* session([{ fault: "masked" }, { fault: "reserved-bit" }])
      expect(yield* got(2)).toMatchObject([{ masked: true, rsv: 0 }, { masked: false, rsv: 2 }])
    }))
})
