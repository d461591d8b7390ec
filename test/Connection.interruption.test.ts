import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import { TestClock } from "effect/testing"
import type { GreetSession } from "../src/Handshake.ts"
import * as Heartbeat from "../src/Heartbeat.ts"
import * as Reconnect from "../src/Reconnect.ts"
import type { TestPeer, TestServer } from "../src/testing/TestServer.ts"
import * as TestTransport from "../src/testing/TestTransport.ts"
import { connectTo, settle, type Setup } from "./support/connect.ts"

/** What was acquired and not yet released; releasing out of order is a defect. */
class Stack {
  readonly held: Array<string> = []
  most = 0

  hold(name: string): Effect.Effect<void, never, Scope.Scope> {
    return Effect.asVoid(Effect.acquireRelease(
      Effect.sync(() => {
        this.held.push(name)
        this.most = Math.max(this.most, this.held.length)
      }),
      () =>
        // A release takes its time.
        Effect.andThen(
          Effect.yieldNow,
          Effect.sync(() => assert.strictEqual(this.held.pop(), name, "released in reverse order of acquisition"))
        )
    ))
  }
}

/** A handshake that holds something at every stage. */
const holding = (stack: Stack) => ({
  url: Effect.gen(function*() {
    yield* stack.hold("url")
    yield* Effect.yieldNow
    return "ws://server.test/feed"
  }),
  headers: Effect.gen(function*() {
    yield* stack.hold("headers")
    yield* Effect.yieldNow
    return { authorization: "token" }
  }),
  greet: (session: GreetSession) =>
    Effect.gen(function*() {
      yield* stack.hold("greet, first")
      yield* session.send("hello")
      assert.strictEqual(yield* session.receive, "welcome")
      yield* stack.hold("greet, second")
      yield* Effect.forkScoped(Effect.scoped(Effect.andThen(stack.hold("forked"), Effect.never)))
    })
})

/** Welcomes whoever says hello. */
const welcoming = (server: TestServer): Effect.Effect<TestPeer> =>
  Effect.gen(function*() {
    const peer = yield* server.peer
    yield* peer.receive
    yield* peer.send("welcome")
    return peer
  })

interface Leaving {
  readonly setup?: Setup
  /** Brings the connection into the state that is to be left. */
  readonly reach: (connected: Effect.Success<ReturnType<typeof connectTo>>) => Effect.Effect<void, never, Scope.Scope>
  readonly status: string
  /** How long leaving takes at most. */
  readonly within?: number
}

const opened: Leaving["reach"] = ({ server }) => Effect.andThen(welcoming(server), settle)

const states: Record<string, Leaving> = {
  "lazy and unused": { setup: { connection: { start: "lazy" } }, reach: () => settle, status: "Connecting" },
  "making credentials": { setup: { handshake: { url: Effect.never } }, reach: () => settle, status: "Connecting" },
  dialling: { setup: { server: (server) => server.stall }, reach: () => settle, status: "Connecting" },
  greeting: { reach: ({ server }) => Effect.andThen(server.peer, settle), status: "Connecting" },
  open: { reach: opened, status: "Open" },
  "open, with a heartbeat": {
    setup: { heartbeat: Heartbeat.layer({ interval: "10 seconds" }) },
    reach: (connected) => Effect.andThen(opened(connected), TestClock.adjust("1 minute")),
    status: "Open"
  },
  paused: {
    setup: { connection: { inbound: { highWaterMark: 1 } } },
    reach: ({ connection, server }) =>
      Effect.gen(function*() {
        const peer = yield* welcoming(server)
        yield* Effect.asVoid(connection.subscribe)
        yield* peer.send("more than the mark")
        yield* peer.send("never read")
        yield* settle
        const status = yield* connection.status
        assert(status._tag === "Open" && status.paused)
      }),
    status: "Open"
  },
  "draining towards a peer that does not read": {
    setup: { connection: { outbound: { highWaterMark: 1 } } },
    reach: ({ connection, server }) =>
      Effect.gen(function*() {
        const peer = yield* welcoming(server)
        yield* settle
        yield* peer.pauseReading
        yield* Effect.orDie(connection.send("above the mark"))
        yield* Effect.forkScoped(Effect.ignore(connection.send("suspended")))
        yield* settle
      }),
    status: "Open",
    within: 5000
  },
  "half-open": {
    reach: ({ server }) =>
      Effect.gen(function*() {
        const peer = yield* welcoming(server)
        yield* settle
        yield* peer.blackhole({ inbound: true, outbound: true })
      }),
    status: "Open",
    within: 5000
  },
  waiting: { setup: { server: (s) => s.refuse("ECONNREFUSED") }, reach: () => settle, status: "Waiting" },
  "waiting, with the old socket still closing": {
    reach: ({ server }) =>
      Effect.gen(function*() {
        const peer = yield* welcoming(server)
        yield* settle
        yield* peer.blackhole({ outbound: true })
        yield* peer.close(1001)
        yield* settle
        assert.strictEqual(yield* server.openLinks, 1)
      }),
    status: "Waiting"
  },
  closing: {
    reach: ({ connection, server }) =>
      Effect.gen(function*() {
        const peer = yield* welcoming(server)
        yield* settle
        yield* peer.blackhole({ outbound: true })
        yield* Effect.forkScoped(Effect.ignore(connection.close({ code: 4000 })))
        yield* settle
      }),
    status: "Closing",
    within: 5000
  },
  "given up": {
    setup: { reconnect: Reconnect.layerNever, server: (server) => server.refuse("ECONNREFUSED") },
    reach: () => settle,
    status: "Closed"
  }
}

describe("the scope is closed", () => {
  for (const [name, { reach, setup, status, within = 0 }] of Object.entries(states)) {
    it.effect(`while ${name}: everything is released, in reverse order of acquisition`, () =>
      Effect.gen(function*() {
        const stack = new Stack()
        const network = yield* TestTransport.make
        const scope = yield* Scope.make()
        const connected = yield* Scope.provide(
          connectTo(network, { ...setup, handshake: { ...holding(stack), ...setup?.handshake } }),
          scope
        )
        yield* Scope.provide(reach(connected), scope)
        assert.strictEqual((yield* connected.connection.status)._tag, status)
        const begun = yield* Clock.currentTimeMillis
        const closing = yield* Effect.forkScoped(
          Effect.andThen(Scope.close(scope, Exit.void), Clock.currentTimeMillis),
          { startImmediately: true }
        )
        yield* settle
        yield* TestClock.adjust("1 hour")
        assert.isAtMost((yield* Fiber.join(closing)) - begun, within)
        assert.strictEqual(yield* network.server.openLinks, 0)
        assert.deepStrictEqual(stack.held, [])
        assert.strictEqual((yield* connected.connection.status)._tag, "Closed")
      }))
  }

  it.effect("at every await point of dialling, greeting, living, losing, waiting and dialling again", () =>
    Effect.gen(function*() {
      let most = 0
      for (let turns = 0; turns < 100; turns++) {
        const stack = new Stack()
        const network = yield* TestTransport.make
        const scope = yield* Scope.make()
        const peers = yield* Effect.forkScoped(Effect.forever(Effect.gen(function*() {
          const peer = yield* welcoming(network.server)
          yield* Effect.repeat(Effect.yieldNow, { times: 5 })
          yield* peer.close(1001)
        })))
        const program = Effect.gen(function*() {
          const { connection } = yield* connectTo(network, {
            handshake: holding(stack),
            heartbeat: Heartbeat.layer(),
            reconnect: Reconnect.layer({ schedule: Schedule.forever }),
            connection: { start: turns % 2 === 0 ? "eager" : "awaitOpen" }
          })
          yield* connection.withSessions(() => Effect.andThen(stack.hold("withSessions"), Effect.never))
        })
        const running = yield* Effect.forkIn(Scope.provide(program, scope), scope, { startImmediately: true })
        for (let i = 0; i < turns; i++) yield* Effect.yieldNow
        const closing = yield* Effect.forkScoped(Scope.close(scope, Exit.void), { startImmediately: true })
        yield* TestClock.adjust("10 seconds")
        yield* Fiber.join(closing)
        yield* Fiber.interrupt(peers)
        assert.isDefined(running.pollUnsafe())
        assert.strictEqual(yield* network.server.openLinks, 0, `after ${turns} turns`)
        assert.deepStrictEqual(stack.held, [], `after ${turns} turns`)
        most = Math.max(most, stack.most)
      }
      // The last of them got all the way.
      assert.isAtLeast(most, 4)
    }))
})
