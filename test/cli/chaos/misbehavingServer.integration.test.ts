// Every fault, and what a client that keeps the rules makes of it.
import { it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Random from "effect/Random"
import * as Scope from "effect/Scope"
import { describe, expect } from "vitest"
import type { Fault, SessionFault } from "../../../src/cli/chaos/Fault.ts"
import * as MisbehavingServer from "../../../src/cli/chaos/misbehavingServer.ts"
import { dial, endOf, refusal } from "../../support/dialling.ts"
import { Notice } from "../../support/notice.ts"

const server = (faults: ReadonlyArray<Fault>, options?: MisbehavingServer.MisbehavingServerOptions) =>
  Effect.tap(Effect.orDie(MisbehavingServer.make(options)), (server) => server.misbehave(faults))

describe("the misbehaving server, at the handshake", () => {
  it.live.each(
    [
      [{ fault: "refuse" }, { _tag: "HandshakeRejected", status: 503 }],
      [{ fault: "refuse", status: 404 }, { _tag: "HandshakeRejected", status: 404 }],
      [{ fault: "hang-up" }, { _tag: "ConnectFailed", phase: "response" }],
      [{ fault: "not-http" }, { _tag: "HandshakeInvalid", check: "http" }],
      [{ fault: "wrong-accept" }, { _tag: "HandshakeInvalid", check: "accept" }],
      [{ fault: "no-upgrade" }, { _tag: "HandshakeInvalid", check: "upgrade" }],
      [{ fault: "no-connection" }, { _tag: "HandshakeInvalid", check: "connection" }],
      [{ fault: "wrong-subprotocol" }, { _tag: "HandshakeInvalid", check: "subprotocol" }],
      [{ fault: "unasked-extension" }, { _tag: "HandshakeInvalid", check: "extensions" }],
      [{ fault: "refuse-tcp" }, { _tag: "ConnectFailed", code: "ECONNRESET" }]
    ] as ReadonlyArray<readonly [Fault, object]>
  )("%o", ([fault, reason]) =>
    Effect.gen(function*() {
      const { url } = yield* server([{ ...fault, times: 1 }])
      expect(yield* refusal(url)).toMatchObject(reason)
      if (fault.fault !== "refuse-tcp") yield* dial(url)
    }))

  it.live("stalls for as long as it is told, and answers byte by byte", () =>
    Effect.gen(function*() {
      const { url } = yield* server([
        { fault: "stall", for: Duration.millis(50) },
        { fault: "trickle", every: Duration.millis(1) }
      ])
      const [time] = yield* Effect.timed(dial(url))
      expect(Duration.toMillis(time)).toBeGreaterThan(150)
    }))

  it.live("stalls for ever where no end is given", () =>
    Effect.gen(function*() {
      const { url } = yield* server([{ fault: "stall" }])
      expect(yield* Effect.timeoutOption(dial(url), "100 millis")).toMatchObject({ _tag: "None" })
    }))

  it.live("closes the port for a time, and opens it again", () =>
    Effect.gen(function*() {
      const { connections, refuseTcp, url } = yield* server([])
      const link = yield* dial(url)
      yield* refuseTcp(Duration.millis(100))
      expect(yield* endOf(link)).toMatchObject({ _tag: "AbnormalClosure" })
      expect(yield* refusal(url)).toMatchObject({ _tag: "ConnectFailed", code: "ECONNREFUSED" })
      yield* Effect.eventually(dial(url))
      expect(yield* connections).toBe(1)
    }))

  it.live("falls the same way each time with a seed", () =>
    Effect.gen(function*() {
      const run = Effect.scoped(Effect.gen(function*() {
        const { url } = yield* server([{ fault: "refuse", probability: 0.5 }])
        return yield* Effect.forEach(Array.from({ length: 8 }), () =>
          Effect.scoped(Effect.match(dial(url), { onFailure: () => "refused", onSuccess: () => "open" })))
      })).pipe(Random.withSeed("seed"))
      const first = yield* run
      expect(yield* run).toEqual(first)
      expect(new Set(first).size).toBe(2)
    }))
})

describe("the misbehaving server, in a session", () => {
  it.live.each(
    [
      [{ fault: "close", code: 1012 }, { _tag: "ServiceRestart" }],
      [{ fault: "close", code: 1005 }, { _tag: "ProtocolViolation" }],
      [{ fault: "close", code: 999 }, { _tag: "ProtocolViolation" }],
      [{ fault: "cut" }, { _tag: "AbnormalClosure" }],
      [{ fault: "cut", how: "end" }, { _tag: "AbnormalClosure" }],
      [{ fault: "drop" }, { _tag: "AbnormalClosure" }],
      [{ fault: "invalid-utf8" }, { _tag: "InvalidPayload" }],
      [{ fault: "oversized" }, { _tag: "MessageTooBig" }],
      [{ fault: "masked" }, { _tag: "ProtocolViolation" }],
      [{ fault: "reserved-bit" }, { _tag: "ProtocolViolation" }],
      [{ fault: "idle-cut", after: Duration.millis(50) }, { _tag: "AbnormalClosure" }]
    ] as ReadonlyArray<readonly [SessionFault, object]>
  )("%o", ([fault, reason]) =>
    Effect.gen(function*() {
      const { url } = yield* server([fault])
      expect(yield* endOf(yield* dial(url))).toMatchObject(reason)
    }))

  it.live("sends a message in fragments, and a flood", () =>
    Effect.gen(function*() {
      const { befall, url } = yield* server([{ fault: "fragments", parts: 4, message: "in four" }])
      const link = yield* dial(url)
      expect(yield* link.pull).toEqual(["in four"])
      expect(yield* befall({ fault: "flood", count: 500, bytes: 10 })).toEqual([1])
      let messages = 0
      while (messages < 500) messages += (yield* link.pull).length
      expect(messages).toBe(500)
    }))

  it.live("acts after so many messages, and after a time", () =>
    Effect.gen(function*() {
      const { url } = yield* server(
        [{ fault: "close", code: 4000, messages: 2 }, { fault: "ignore-pings", after: Duration.millis(1) }],
        { manners: { echo: true, feed: undefined } }
      )
      const link = yield* dial(url)
      yield* link.write(["one", "two"])
      expect(yield* endOf(link)).toMatchObject({ _tag: "ApplicationClose", code: 4000 })
    }))

  it.live("does not answer pings, or a Close frame, or close TCP, when it is told not to", () =>
    Effect.gen(function*() {
      const { befall, lastClose, url } = yield* server([])
      const link = yield* dial(url)
      const notice = new Notice()
      let pongs = 0
      yield* link.onPong(() => {
        pongs++
        notice.notify()
      })
      yield* link.ping(Buffer.from("a"))
      yield* notice.when(() => pongs === 1 ? true : undefined)
      yield* befall({ fault: "ignore-pings" })
      yield* befall({ fault: "ignore-close" })
      yield* link.ping(Buffer.from("b"))
      yield* link.close(4001, "enough")
      expect(yield* Effect.timeoutOption(link.ended, "100 millis")).toMatchObject({ _tag: "None" })
      expect(pongs).toBe(1)
      expect(yield* lastClose).toBe(4001)
    }))

  it.live("falls silent, half-open: nothing comes back, and nobody is told", () =>
    Effect.gen(function*() {
      const { befall, send, url } = yield* server([], { manners: { echo: true, feed: undefined } })
      const link = yield* dial(url)
      yield* link.write(["before"])
      expect(yield* link.pull).toEqual(["before"])
      yield* befall({ fault: "silence" })
      yield* link.write(["after"])
      expect(yield* send(["lost"])).toEqual([1])
      expect(yield* Effect.timeoutOption(link.pull, "50 millis")).toMatchObject({ _tag: "None" })
      expect(link.failure()).toBeUndefined()
    }))

  it.live("sends later by the latency, in order", () =>
    Effect.gen(function*() {
      const { url } = yield* server([{ fault: "latency", for: Duration.millis(60) }], {
        manners: { echo: true, feed: undefined }
      })
      const link = yield* dial(url)
      yield* link.write(["1", "2", "3"])
      const got: Array<unknown> = []
      const [time] = yield* Effect.timed(Effect.gen(function*() {
        while (got.length < 3) got.push(...(yield* link.pull))
      }))
      expect(got).toEqual(["1", "2", "3"])
      expect(Duration.toMillis(time)).toBeGreaterThan(50)
    }))

  it.live("cuts what is idle and leaves alone what is not; pings may count or not", () =>
    Effect.gen(function*() {
      const { befall, reports, url } = yield* server([])
      const [a, b] = [yield* dial(url), yield* dial(url)]
      yield* befall({ fault: "idle-cut", after: Duration.millis(150) }, 1)
      yield* befall({ fault: "idle-cut", after: Duration.millis(150), counts: "messages" }, 2)
      const both = Effect.andThen(a.ping(Buffer.alloc(0)), Effect.ignore(b.ping(Buffer.alloc(0))))
      yield* Effect.repeat(Effect.andThen(both, Effect.sleep("50 millis")), { times: 7 })
      expect(a.failure()).toBeUndefined()
      expect(b.failure()?.reason).toMatchObject({ _tag: "AbnormalClosure" })
      expect((yield* reports).map(({ session }) => session)).toEqual([1])
    }))

  it.live("feeds numbers, and tells what happens", () =>
    Effect.gen(function*() {
      const told: Array<string> = []
      const { url } = yield* server([], {
        manners: { echo: false, feed: Duration.millis(5) },
        tell: ({ event }) => told.push(event)
      })
      const link = yield* dial(`${url}path?token=secret`)
      expect(yield* link.pull).toEqual(["1"])
      yield* link.close(1000, "")
      yield* Effect.exit(link.ended)
      expect(told).toEqual(["connected", "opened", "close-frame"])
    }))
})

it.live("fails with Node's error where the port is taken", () =>
  Effect.gen(function*() {
    const { port } = yield* server([])
    expect(yield* Effect.flip(MisbehavingServer.make({ port }))).toMatchObject({ code: "EADDRINUSE" })
  }))

it.live("leaves with 1001 when its scope closes", () =>
  Effect.gen(function*() {
    const scope = yield* Scope.make()
    const { url } = yield* Scope.provide(server([]), scope)
    const link = yield* dial(url)
    yield* Scope.close(scope, Exit.void)
    expect(yield* endOf(link)).toMatchObject({ _tag: "GoingAway" })
  }))
