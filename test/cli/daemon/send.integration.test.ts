import { it } from "@effect/vitest"
import { Effect } from "effect"
import { describe, expect } from "vitest"
import { requestOf } from "../../../src/cli/daemon/send.ts"
import { connection, home } from "../../support/daemonProcess.ts"
import { Notice } from "../../support/notice.ts"
import * as realServer from "../../support/realServer.ts"
import * as wsServer from "../../support/wsServer.ts"

const listener = Effect.gen(function*() {
  const notice = new Notice()
  const received: Array<string | Uint8Array> = []
  const { url } = yield* wsServer.make((socket) =>
    socket.on("message", (data: Buffer, isBinary) => {
      received.push(isBinary ? new Uint8Array(data) : data.toString())
      notice.notify()
    })
  )
  return { url, received: (count: number) => notice.when(() => received.length >= count ? [...received] : undefined) }
})

describe("holdfast send", () => {
  it.live("sends text, bytes and hex, to the connection that is meant", () =>
    Effect.gen(function*() {
      const one = yield* listener
      const two = yield* listener
      const user = yield* home
      yield* user.run(["start", user.config("feed.toml", connection("one", one.url) + connection("two", two.url))])
      expect((yield* user.run(["send", "feed", "one", "zwölf"])).code).toBe(0)
      expect((yield* user.run(["send", "feed", "two", "--hex", "00 ff 1a"])).code).toBe(0)
      expect((yield* user.run(["send", "feed", "two", "--binary", "ab"])).code).toBe(0)
      expect(yield* one.received(1)).toEqual(["zwölf"])
      expect(yield* two.received(2)).toEqual([Uint8Array.of(0, 255, 26), Uint8Array.of(97, 98)])
      const which = yield* user.run(["send", "feed", "hello"])
      expect(which.code).toBe(2)
      expect(which.stderr).toContain("Which connection? There are: one, two.")
      const unknown = yield* user.run(["send", "feed", "three", "hello"])
      expect(unknown.code).toBe(2)
      expect(unknown.stderr).toContain("\"three\"")
    }))

  it.live("sends each line of stdin, in order", () =>
    Effect.gen(function*() {
      const one = yield* listener
      const user = yield* home
      yield* user.run(["start", user.config("feed.toml", connection("one", one.url))])
      const lines = Array.from({ length: 500 }, (_, n) => `line ${n}`)
      const { code, stderr } = yield* user.run(["send", "feed", "-"], { stdin: lines.join("\n") })
      expect(code).toBe(0)
      expect(stderr).toContain("sent 500 messages")
      expect(yield* one.received(500)).toEqual(lines)
    }))

  it.live("is undelivered where the connection does not open in time, and is withdrawn", () =>
    Effect.gen(function*() {
      const server = yield* realServer.make()
      yield* server.stall
      const user = yield* home
      yield* user.run(["start", user.config("feed.toml", connection("a", server.url)), "--wait", "0s"])
      yield* server.connection
      const { code, stderr } = yield* user.run(["send", "feed", "late", "--timeout", "300ms"])
      expect(code).toBe(20)
      expect(stderr).toContain("did not go out within 0.3 s")
    }))

  it.live("needs a daemon, and hex that is hex", () =>
    Effect.gen(function*() {
      const user = yield* home
      expect((yield* user.run(["send", "feed", "hello"])).code).toBe(7)
      expect(yield* Effect.flip(requestOf("a", "0g", "hex"))).toMatchObject({ exit: "usage" })
      expect(yield* requestOf(undefined, "", "hex")).toEqual({ _tag: "Send", connection: undefined, binary: "" })
    }))
})
