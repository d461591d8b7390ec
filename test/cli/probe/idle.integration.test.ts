import { it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { describe, expect } from "vitest"
import type { Fault } from "../../../src/cli/chaos/Fault.ts"
import * as MisbehavingServer from "../../../src/cli/chaos/misbehavingServer.ts"
import { idle, longestRun } from "../../../src/cli/probe/idle.ts"
import { target } from "../../../src/cli/probe/target.ts"
import * as tcpProxy from "../../support/tcpProxy.ts"
import * as wsServer from "../../support/wsServer.ts"

const search = (url: string, longest: number) =>
  Effect.gen(function*() {
    const said: Array<string> = []
    const [heartbeat, told] = yield* idle({
      target: yield* target({ url }),
      longest: Duration.millis(longest),
      links: 3,
      patience: Duration.millis(100),
      progress: (message) => Effect.sync(() => void said.push(message))
    })
    return { heartbeat: Duration.toMillis(heartbeat), told, said }
  })

const bad = (...faults: ReadonlyArray<Fault>) =>
  Effect.tap(Effect.orDie(MisbehavingServer.make()), (server) => server.misbehave(faults))

describe("how long silence is survived", () => {
  it.live("is told by who closes with a code", () =>
    Effect.gen(function*() {
      const { url } = yield* bad({ fault: "close", code: 1001, after: Duration.millis(200) })
      const { told } = yield* search(url, 400)
      expect(told.findings?.[0]?.message).toContain("by the server itself, with 1001")
    }))

  it.live("is found behind a proxy that forgets its connections", () =>
    Effect.gen(function*() {
      const { port } = yield* wsServer.echo()
      const proxy = yield* tcpProxy.make(port)
      // Then nothing gets through any more, and nobody is told.
      yield* proxy.swallowAfter(300)
      const { said, told } = yield* search(`ws://127.0.0.1:${proxy.port}/`, 400)
      expect(told.details).toMatchObject({ outcomes: expect.arrayContaining([{ silence: 400, _tag: "Dead" }]) })
      expect(said[0]).toBe("3 links stay silent for up to 400 ms …")
    }))

  it.live("has no end within what was tried", () =>
    Effect.gen(function*() {
      const { url } = yield* wsServer.make((socket) => socket.ping())
      const { heartbeat, told } = yield* search(url, 200)
      expect(heartbeat).toBe(25_000)
      expect(told.lines?.at(-1)).toBe("meanwhile the server sent up to 0 messages and 1 pings on one link")
    }))

  it.live("cannot be found where the server takes no further links", () =>
    Effect.gen(function*() {
      const { url } = yield* bad({ fault: "refuse", status: 429 })
      expect(yield* Effect.flip(search(url, 200))).toMatchObject({
        exit: "refused",
        told: { text: "further links could not be opened" }
      })
    }))
})

describe("times", () => {
  it("are bounded, whatever happens", () => {
    expect(Duration.toMillis(longestRun(Duration.seconds(1), Duration.millis(100)))).toBe(7700)
  })
})
