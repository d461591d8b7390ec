import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as net from "node:net"
import { expect } from "vitest"
import { largestBody } from "../../../src/cli/page/messages.ts"
import { start } from "../../support/pageServer.ts"

/** Says this on a connection of its own, and gives what is answered before the server or we end it. */
const say = (address: string, head: string, body: Iterable<Uint8Array>) =>
  Effect.callback<string>((resume) => {
    const { hostname, port } = new URL(address)
    let answer = ""
    const socket = net.connect(Number(port), hostname)
    socket.setEncoding("latin1").on("data", (chunk: string) => {
      answer += chunk
      if (answer.includes("\r\n\r\n")) socket.destroy()
    })
    socket.on("error", () => undefined)
    socket.on("close", () => resume(Effect.succeed(answer)))
    socket.write(head)
    for (const chunk of body) socket.write(chunk)
    return Effect.sync(() => socket.destroy())
  })

describe("a body", () => {
  it.live("that does not say how long it is, is counted while it comes", () =>
    Effect.gen(function*() {
      const { address, sent } = yield* start()
      const chunk = Buffer.concat([Buffer.from("100000\r\n"), Buffer.alloc(0x100000), Buffer.from("\r\n")])
      const answer = yield* say(
        address,
        "POST /connections/feed/messages HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n" +
          "content-type: application/octet-stream\r\n\r\n",
        Array.from({ length: largestBody / 0x100000 + 1 }, () => chunk)
      )
      expect(answer).toMatch(/^HTTP\/1\.1 413 /)
      expect(sent).toEqual([])
    }))

  it.live("that is said to be too long, is not read at all", () =>
    Effect.gen(function*() {
      const { address } = yield* start()
      const answer = yield* say(
        address,
        "POST /connections/feed/messages HTTP/1.1\r\nhost: localhost\r\ncontent-length: 99999999999\r\n\r\n",
        []
      )
      expect(answer).toMatch(/^HTTP\/1\.1 413 /)
    }))
})
