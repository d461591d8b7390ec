import { it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { describe, expect } from "vitest"
import type { WebSocket } from "ws"
import type { Fault } from "../../../src/cli/chaos/Fault.ts"
import * as MisbehavingServer from "../../../src/cli/chaos/misbehavingServer.ts"
import { close, listen, pings } from "../../../src/cli/probe/link.ts"
import { open } from "../../../src/cli/probe/open.ts"
import { tellNobody } from "../../../src/cli/probe/Step.ts"
import { target } from "../../../src/cli/probe/target.ts"
import * as wsServer from "../../support/wsServer.ts"

const patience = Duration.millis(100)
const to = (url: string) => Effect.flatMap(target({ url }), (made) => open(made, tellNobody))
const good = (onConnection: (socket: WebSocket) => void = () => undefined) =>
  Effect.flatMap(wsServer.make(onConnection), ({ url }) => to(url))
const bad = (...faults: ReadonlyArray<Fault>) =>
  Effect.gen(function*() {
    const server = yield* Effect.orDie(MisbehavingServer.make())
    yield* server.misbehave(faults)
    return yield* to(server.url)
  })

describe("the first frames", () => {
  it.live("are counted, and the first of them shown on one line", () =>
    Effect.gen(function*() {
      const wire = yield* good((socket) => {
        socket.send("line one\nline two")
        socket.send(Buffer.from([1, 2, 3]))
        socket.ping()
      })
      const [, told] = yield* listen(wire, patience)
      expect(told.text).toBe("2 messages and 1 ping within 100ms")
      expect(told.lines?.[0]).toMatch(/ms {2}text, 17 bytes {2}line one\\nline two$/)
      expect(told.lines?.[1]).toMatch(/ms {2}binary, 3 bytes$/)
    }))

  it.live("may be none", () =>
    Effect.gen(function*() {
      expect((yield* listen(yield* good(), patience))[1].text).toBe("nothing came by itself within 100ms")
    }))

  it.live("may be the last: who closes or hangs up at once fails", () =>
    Effect.gen(function*() {
      const closed = yield* Effect.flip(listen(yield* bad({ fault: "close", code: 4001, reason: "no" }), patience))
      expect(closed).toMatchObject({ exit: "closed", told: { details: { code: 4001, reason: "no" } } })
      const cut = yield* Effect.flip(listen(yield* bad({ fault: "cut", how: "end" }), patience))
      expect(cut).toMatchObject({ exit: "lost", told: { details: { how: "end" } } })
    }))
})

describe("pings", () => {
  it.live("are timed", () =>
    Effect.gen(function*() {
      const [, told] = yield* pings(yield* good(), 3, patience)
      expect(told.details).toMatchObject({ sent: 3, answered: 3 })
    }))

  it.live("that are not answered, or not any more, or cost the link, fail", () =>
    Effect.gen(function*() {
      expect((yield* Effect.flip(pings(yield* bad({ fault: "ignore-pings" }), 3, patience))).told.details)
        .toEqual({ sent: 1, answered: 0 })
      const later = yield* bad({ fault: "ignore-pings", after: Duration.millis(25) })
      expect((yield* Effect.flip(pings(later, 3, patience))).told.details).toEqual({ sent: 2, answered: 1 })
      const cut = yield* bad({ fault: "cut", after: Duration.millis(25) })
      expect(yield* Effect.flip(pings(cut, 3, patience))).toMatchObject({ exit: "lost" })
    }))
})

describe("the closing handshake", () => {
  it.live("is answered, and TCP closed", () =>
    Effect.gen(function*() {
      const [, told] = yield* close(yield* good(), patience)
      expect(told.details).toMatchObject({ answered: true, code: 1000, tcpClosed: true })
      expect(told.findings).toEqual([])
    }))

  it.live("is a warning where TCP stays open, and a failure where it is not answered", () =>
    Effect.gen(function*() {
      const [, told] = yield* close(yield* bad({ fault: "keep-tcp" }), patience)
      expect(told.findings).toMatchObject([{ level: "warning" }])
      const ignored = yield* Effect.flip(close(yield* bad({ fault: "ignore-close" }), patience))
      expect(ignored).toMatchObject({ exit: "unexpected", told: { text: "no answer within 100ms" } })
    }))
})
