import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { EventEmitter } from "node:events"
import type { Socket } from "node:net"
import { describe, expect } from "vitest"
import { Incoming } from "../../../src/cli/probe/Incoming.ts"
import { tunnel } from "../../../src/cli/probe/tunnel.ts"

/** A proxy that answers with these bytes as soon as it is asked; with none, it hangs up. */
const proxy = (answer: string) => {
  const asked: Array<string> = []
  const emitter = new EventEmitter()
  const socket = Object.assign(emitter, {
    write: (text: string) => {
      asked.push(text)
      if (answer === "") emitter.emit("end")
      else emitter.emit("data", Buffer.from(answer))
    }
  })
  return { asked, incoming: new Incoming(socket as unknown as Socket) }
}

const url = new URL("http://me:s%20cret@proxy.example:3128")

describe("a tunnel", () => {
  it.effect("is asked for with credentials, and what comes behind the answer is kept", () =>
    Effect.gen(function*() {
      const { asked, incoming } = proxy("HTTP/1.1 200 OK\r\n\r\nrest")
      const [through, told] = yield* tunnel(incoming, url, "feed.example:443")
      expect(asked[0]).toBe(
        "CONNECT feed.example:443 HTTP/1.1\r\nHost: feed.example:443\r\n" +
          `Proxy-Authorization: Basic ${Buffer.from("me:s cret").toString("base64")}\r\n\r\n`
      )
      expect(through.bytes.toString()).toBe("rest")
      expect(JSON.stringify(told)).not.toContain("cret")
    }))

  it.effect.each(
    [
      ["HTTP/1.1 407 No\r\n\r\n", "the proxy wants credentials"],
      ["HTTP/1.1 403 No\r\n\r\n", "the proxy answered with HTTP 403"],
      ["SSH-2.0\r\n", "the proxy did not answer in HTTP"],
      ["", "hung up without an answer"]
    ] as const
  )("is refused: %s", ([answer, words]) =>
    Effect.gen(function*() {
      const failed = yield* Effect.flip(tunnel(proxy(answer).incoming, new URL("http://proxy"), "a:80"))
      expect(failed).toMatchObject({ exit: "tcp", told: { findings: [{ message: expect.stringContaining(words) }] } })
    }))
})
