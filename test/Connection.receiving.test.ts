import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as Pull from "effect/Pull"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { TestClock } from "effect/testing"
import type { ConnectionEvent } from "../src/ConnectionEvent.ts"
import type { ConnectionStatus } from "../src/ConnectionStatus.ts"
import * as Heartbeat from "../src/Heartbeat.ts"
import type { Message } from "../src/Link.ts"
import * as Reconnect from "../src/Reconnect.ts"
import type { TestPeer } from "../src/testing/TestServer.ts"
import { beside, collect, connect, settle, type Setup, tags } from "./support/connect.ts"

/** Ten bytes that say which they are. */
const ten = (n: number): string => String(n).padStart(10, "0")

const tens = (from: number, to: number): [Message, ...Array<Message>] => [
  ten(from),
  ...Array.from({ length: to - from }, (_, index) => ten(from + 1 + index))
]

/** Sends all of them in one go: they arrive as one chunk. */
const sendAll = (peer: TestPeer, messages: Iterable<Message>): Effect.Effect<void> =>
  Effect.andThen(Effect.forEach(messages, (message) => peer.send(message), { discard: true }), settle)

/** An open connection, its peer, and every event since. */
const open = Effect.fnUntraced(function*(setup: Setup = {}) {
  const { connection, server } = yield* connect(setup)
  const peer = yield* server.peer
  yield* settle
  const events = yield* collect(connection.events)
  return { connection, events, peer, server }
})

const isDone = (exit: Exit.Exit<unknown, unknown>): boolean => Exit.isFailure(exit) && Pull.isDoneCause(exit.cause)

const isPaused = (status: ConnectionStatus): boolean => status._tag === "Open" && status.paused

type EventOf<Tag> = Extract<ConnectionEvent, { readonly _tag: Tag }>

const only = <Tag extends ConnectionEvent["_tag"]>(
  events: ReadonlyArray<ConnectionEvent>,
  tag: Tag
): ReadonlyArray<EventOf<Tag>> => events.filter((event): event is EventOf<Tag> => event._tag === tag)

const drops = (events: ReadonlyArray<ConnectionEvent>) =>
  only(events, "Dropped").map(({ bytes, direction, messages, reason }) => ({ direction, reason, messages, bytes }))

/** Warnings and errors, as they are logged. */
const heard = Effect.fnUntraced(function*<A, E, R>(effect: (lines: Array<string>) => Effect.Effect<A, E, R>) {
  const lines: Array<string> = []
  const logger = Logger.make<unknown, void>(({ cause, logLevel, message }) => {
    if (logLevel !== "Warn" && logLevel !== "Error") return
    lines.push(`${logLevel} ${[message].flat().join(" ")}${Cause.hasDies(cause) ? ` ${Cause.pretty(cause)}` : ""}`)
  })
  return yield* Effect.provide(effect(lines), Logger.layer([logger]))
})

describe("messages", () => {
  it.effect("every run is its own subscription, from then on", () =>
    Effect.gen(function*() {
      const { connection, peer } = yield* open()
      const first = yield* collect(connection.messages)
      yield* sendAll(peer, ["one", "two"])
      const second = yield* collect(connection.messages)
      yield* sendAll(peer, ["three"])
      assert.deepStrictEqual(first, ["one", "two", "three"])
      assert.deepStrictEqual(second, ["three"])
    }))

  it.effect("the first subscriber after a time without also gets what was kept, the second does not", () =>
    Effect.gen(function*() {
      const { connection, peer } = yield* open()
      yield* sendAll(peer, ["one", "two"])
      const first = yield* collect(connection.messages)
      const second = yield* collect(connection.messages)
      yield* sendAll(peer, ["three"])
      assert.deepStrictEqual(first, ["one", "two", "three"])
      assert.deepStrictEqual(second, ["three"])
    }))

  it.effect("what comes between two runs is kept for the second", () =>
    Effect.gen(function*() {
      const { connection, peer } = yield* open()
      const first = yield* beside(Stream.runDrain(connection.messages))
      yield* settle
      yield* Fiber.interrupt(first)
      yield* sendAll(peer, ["between"])
      const second = yield* collect(connection.messages)
      yield* sendAll(peer, ["after"])
      assert.deepStrictEqual(second, ["between", "after"])
    }))

  it.effect("what was kept of one session is given to the first subscriber in the next", () =>
    Effect.gen(function*() {
      const { connection, peer, server } = yield* open()
      yield* sendAll(peer, ["one"])
      yield* peer.drop
      yield* settle
      yield* TestClock.adjust("1 second")
      yield* sendAll(yield* server.peer, ["two"])
      assert.deepStrictEqual(yield* collect(connection.messages), ["one", "two"])
    }))

  it.effect("run on across sessions, `reconnect` included", () =>
    Effect.gen(function*() {
      const { connection, peer, server } = yield* open()
      const seen = yield* collect(connection.messages)
      yield* sendAll(peer, ["one"])
      assert.isTrue(yield* connection.reconnect())
      yield* settle
      const second = yield* server.peer
      yield* sendAll(second, ["two"])
      yield* second.close(1012)
      yield* settle
      yield* TestClock.adjust("1 minute")
      yield* sendAll(yield* server.peer, ["three"])
      assert.deepStrictEqual(seen, ["one", "two", "three"])
    }))

  it.effect("frames that arrived before the end of a session are handed over before the end is published", () =>
    Effect.gen(function*() {
      const { connection, peer } = yield* open()
      const pull = yield* connection.subscribe
      const seen: Array<string> = []
      yield* beside(
        Stream.runForEach(connection.changes, ({ _tag }) =>
          _tag === "Waiting"
            ? Effect.map(pull, (batch) => seen.push(_tag, ...batch.map(String)))
            : Effect.void).pipe(Effect.ignore)
      )
      yield* peer.send("one")
      yield* peer.send("two")
      yield* peer.drop
      yield* settle
      assert.deepStrictEqual(seen, ["Waiting", "one", "two"])
    }))

  it.effect("what a slow consumer had not taken is still there after the session", () =>
    Effect.gen(function*() {
      const { connection, peer, server } = yield* open({ connection: { inbound: { highWaterMark: 25 } } })
      const pull = yield* connection.subscribe
      yield* sendAll(peer, tens(1, 2))
      yield* peer.drop
      yield* settle
      yield* TestClock.adjust("1 second")
      yield* sendAll(yield* server.peer, tens(3, 3))
      const seen = yield* collect(Stream.fromPull(Effect.succeed(pull)))
      assert.deepStrictEqual(seen, tens(1, 3))
    }))

  it.effect("end when we close", () =>
    Effect.gen(function*() {
      const { connection, peer } = yield* open()
      const reading = yield* beside(Stream.runCollect(connection.messages))
      yield* sendAll(peer, ["one"])
      yield* connection.close()
      assert.deepStrictEqual(yield* Fiber.join(reading), ["one"])
      assert.deepStrictEqual(yield* Stream.runCollect(connection.messages), [])
    }))

  it.effect("fail with the cause when the connection gives up", () =>
    Effect.gen(function*() {
      const { connection, peer } = yield* open({ reconnect: Reconnect.layerNever })
      const seen: Array<Message> = []
      const reading = yield* beside(
        Stream.runForEach(connection.messages, (message) => Effect.sync(() => seen.push(message)))
      )
      yield* peer.send("one")
      yield* peer.close(4004, "gone")
      const error = yield* Effect.flip(Fiber.join(reading))
      assert.deepStrictEqual(seen, ["one"])
      assert.strictEqual(error.reason._tag, "ApplicationClose")
      assert.strictEqual((yield* Effect.flip(Stream.runDrain(connection.messages))).reason._tag, "ApplicationClose")
    }))

  it.effect("what nobody had read when the connection gave up is still given to who comes later", () =>
    Effect.gen(function*() {
      const { connection, peer } = yield* open({ reconnect: Reconnect.layerNever })
      yield* peer.send("one")
      yield* peer.close(4004, "gone")
      yield* settle
      assert.strictEqual((yield* connection.status)._tag, "Closed")
      const pull = yield* connection.subscribe
      assert.deepStrictEqual(yield* pull, ["one"])
      assert.strictEqual((yield* Effect.flip(pull) as Effect.Effect<any>).reason._tag, "ApplicationClose")
    }))

  it.effect("binary messages are plain bytes of their own", () =>
    Effect.gen(function*() {
      const { connection, peer } = yield* open()
      const seen = yield* collect(connection.messages)
      const sent = Buffer.from([1, 2, 3])
      yield* sendAll(peer, [sent])
      sent[0] = 9
      const [message] = seen
      assert.isTrue(message instanceof Uint8Array)
      assert.strictEqual(Object.getPrototypeOf(message), Uint8Array.prototype)
      assert.deepStrictEqual(message, new Uint8Array([1, 2, 3]))
      assert.strictEqual((message as Uint8Array).buffer.byteLength, 3)
    }))
})

describe("subscribe", () => {
  it.effect("hands over all of a chunk in one batch, and the same batch to everybody", () =>
    Effect.gen(function*() {
      const { connection, peer } = yield* open()
      const one = yield* connection.subscribe
      const two = yield* connection.subscribe
      const waiting = yield* beside(Effect.all([one, two], { concurrency: 2 }))
      yield* sendAll(peer, ["a", "b", "c"])
      const [first, second] = yield* Fiber.join(waiting)
      assert.deepStrictEqual(first, ["a", "b", "c"])
      assert.strictEqual(first, second)
    }))

  it.effect("a subscription whose scope has closed is at its end", () =>
    Effect.gen(function*() {
      const { connection, peer } = yield* open()
      const scope = yield* Scope.make()
      const pull = yield* Scope.provide(connection.subscribe, scope)
      const pulling = yield* beside(Effect.exit(pull))
      yield* Scope.close(scope, Exit.void)
      yield* sendAll(peer, ["late"])
      assert.isTrue(isDone(yield* Fiber.join(pulling)))
      assert.isTrue(isDone(yield* Effect.exit(pull)))
    }))
})

describe("listen", () => {
  it.effect("is called inside the socket's callback, before any subscriber wakes", () =>
    Effect.gen(function*() {
      const { connection, peer } = yield* open()
      const order: Array<string> = []
      yield* beside(
        Stream.runForEach(connection.messages, (message) => Effect.sync(() => order.push(`read ${String(message)}`)))
      )
      yield* connection.listen((message) => order.push(`heard ${String(message)}`))
      yield* settle
      yield* sendAll(peer, ["one", "two"])
      assert.deepStrictEqual(order, ["heard one", "heard two", "read one", "read two"])
    }))

  it.effect("a handler that throws is logged, and hurts nobody", () =>
    heard((lines) =>
      Effect.gen(function*() {
        const { connection, peer } = yield* open()
        const seen: Array<Message> = []
        yield* connection.listen(() => {
          throw new Error("boom")
        })
        yield* connection.listen((message) => seen.push(message))
        const read = yield* collect(connection.messages)
        yield* sendAll(peer, ["one"])
        assert.deepStrictEqual(seen, ["one"])
        assert.deepStrictEqual(read, ["one"])
        assert.strictEqual((yield* connection.status)._tag, "Open")
        assert.strictEqual(lines.length, 1)
        assert.match(lines[0]!, /^Error a handler of `listen` threw .*boom/s)
      })
    ))

  it.effect("the first handler is handed what was kept, and is nobody's subscriber once its scope closed", () =>
    Effect.gen(function*() {
      const { connection, peer } = yield* open()
      yield* sendAll(peer, ["kept"])
      const seen: Array<Message> = []
      yield* Effect.scoped(Effect.gen(function*() {
        yield* connection.listen((message) => seen.push(message))
        assert.deepStrictEqual(seen, ["kept"])
        yield* sendAll(peer, ["live"])
      }))
      yield* sendAll(peer, ["later"])
      assert.deepStrictEqual(seen, ["kept", "live"])
      assert.deepStrictEqual(yield* collect(connection.messages), ["later"])
    }))

  it.effect("while somebody listens nothing is kept, and nothing is said to be unread", () =>
    Effect.gen(function*() {
      const { connection, events, peer } = yield* open({ connection: { inbound: { highWaterMark: 25 } } })
      yield* connection.listen(() => {})
      yield* sendAll(peer, tens(1, 9))
      assert.deepStrictEqual(drops(events), [])
      assert.deepStrictEqual(yield* collect(connection.messages), [])
    }))
})

describe("nobody reads", () => {
  it.effect("up to the mark is kept, then the oldest is dropped, counted, and announced with one warning", () =>
    heard((lines) =>
      Effect.gen(function*() {
        const { connection, events, peer } = yield* open({ connection: { inbound: { highWaterMark: 50 } } })
        yield* sendAll(peer, tens(1, 5))
        assert.deepStrictEqual(drops(events), [])
        assert.deepStrictEqual(lines, [])
        yield* sendAll(peer, tens(6, 7))
        yield* sendAll(peer, tens(8, 8))
        assert.deepStrictEqual(drops(events), [
          { direction: "inbound", reason: "unread", messages: 2, bytes: 20 },
          { direction: "inbound", reason: "unread", messages: 1, bytes: 10 }
        ])
        assert.strictEqual(lines.length, 1)
        assert.include(lines[0], "inbound.unread")
        assert.deepStrictEqual(yield* collect(connection.messages), tens(4, 8))
      })
    ))

  it.effect("the newest message is kept, however large it is", () =>
    Effect.gen(function*() {
      const { connection, events, peer } = yield* open({ connection: { inbound: { highWaterMark: 50 } } })
      const large = "x".repeat(60)
      yield* sendAll(peer, [ten(1), large])
      assert.deepStrictEqual(drops(events), [{ direction: "inbound", reason: "unread", messages: 1, bytes: 10 }])
      assert.deepStrictEqual(yield* collect(connection.messages), [large])
    }))

  it.effect("empty messages are bounded too", () =>
    Effect.gen(function*() {
      const { connection, events, peer } = yield* open({ connection: { inbound: { highWaterMark: 50 } } })
      yield* sendAll(peer, Array.from({ length: 60 }, () => ""))
      assert.deepStrictEqual(drops(events), [{ direction: "inbound", reason: "unread", messages: 10, bytes: 0 }])
      assert.strictEqual((yield* collect(connection.messages)).length, 50)
    }))

  it.effect("`discard` keeps nothing, and counts what it dropped", () =>
    heard((lines) =>
      Effect.gen(function*() {
        const { connection, events, peer } = yield* open({ connection: { inbound: { unread: "discard" } } })
        yield* sendAll(peer, ["one", "two"])
        assert.deepStrictEqual(drops(events), [{ direction: "inbound", reason: "discard", messages: 2, bytes: 6 }])
        assert.deepStrictEqual(lines, [])
        const seen = yield* collect(connection.messages)
        yield* sendAll(peer, ["three"])
        assert.deepStrictEqual(seen, ["three"])
      })
    ))

  it.effect("`pause` stops reading above the mark, and loses nothing", () =>
    Effect.gen(function*() {
      const { connection, events, peer } = yield* open({
        connection: { inbound: { highWaterMark: 50, unread: "pause" } }
      })
      yield* sendAll(peer, tens(1, 20))
      assert.deepStrictEqual(tags(events), ["Paused"])
      assert.isTrue(isPaused(yield* connection.status))
      assert.deepStrictEqual(yield* collect(connection.messages), tens(1, 20))
      assert.isFalse(isPaused(yield* connection.status))
      assert.deepStrictEqual(drops(events), [])
    }))

  it.effect("`pause` over a transport that cannot pause drops the oldest", () =>
    Effect.gen(function*() {
      const { connection, events, peer } = yield* open({
        connection: { inbound: { highWaterMark: 50, unread: "pause" } },
        transport: { capabilities: { pause: false } }
      })
      yield* sendAll(peer, tens(1, 7))
      assert.deepStrictEqual(drops(events), [{ direction: "inbound", reason: "unread", messages: 2, bytes: 20 }])
      assert.deepStrictEqual(yield* collect(connection.messages), tens(3, 7))
    }))

  it.effect("15b. Nobody reads: the socket is not paused, a close and a dead peer are still noticed, memory stays bounded, the drop is announced", () =>
    Effect.gen(function*() {
      const { connection, events, peer, server } = yield* open({
        connection: { inbound: { highWaterMark: 1000 } },
        heartbeat: Heartbeat.layer({ interval: "10 seconds", timeout: "5 seconds" })
      })
      yield* sendAll(peer, tens(1, 500))
      assert.isFalse(isPaused(yield* connection.status))
      assert.deepStrictEqual(drops(events), [{ direction: "inbound", reason: "unread", messages: 400, bytes: 4000 }])
      yield* peer.close(4000)
      yield* settle
      assert.strictEqual(only(events, "Disconnected")[0]?.error.reason._tag, "ApplicationClose")
      yield* TestClock.adjust("1 second")
      const second = yield* server.peer
      yield* sendAll(second, tens(501, 1000))
      yield* second.blackhole({ inbound: true, outbound: true })
      yield* TestClock.adjust("15 seconds")
      assert.strictEqual(only(events, "Disconnected")[1]?.error.reason._tag, "HeartbeatTimeout")
      assert.deepStrictEqual(tags(events).filter((tag) => tag === "Paused"), [])
      assert.deepStrictEqual(yield* collect(connection.messages), tens(901, 1000))
    }))
})

describe("backpressure", () => {
  it.effect("the slowest subscriber pauses the socket, and lets it go on when it has caught up", () =>
    Effect.gen(function*() {
      const { connection, events, peer } = yield* open({ connection: { inbound: { highWaterMark: 50 } } })
      const statuses = yield* collect(connection.changes)
      const fast = yield* collect(connection.messages)
      const slow = yield* connection.subscribe
      yield* sendAll(peer, tens(1, 20))
      // The message that went above the mark is the last.
      assert.deepStrictEqual(fast, tens(1, 6))
      assert.isTrue(isPaused(yield* connection.status))
      yield* TestClock.adjust("3 seconds")
      assert.deepStrictEqual(fast, tens(1, 6))
      assert.deepStrictEqual(yield* slow, tens(1, 6))
      yield* settle
      assert.deepStrictEqual(fast, tens(1, 12))
      assert.deepStrictEqual(yield* slow, tens(7, 12))
      yield* settle
      assert.deepStrictEqual(yield* slow, tens(13, 18))
      yield* settle
      assert.deepStrictEqual(fast, tens(1, 20))
      assert.isFalse(isPaused(yield* connection.status))
      assert.deepStrictEqual(tags(events), ["Paused", "Resumed", "Paused", "Resumed", "Paused", "Resumed"])
      assert.strictEqual(only(events, "Paused")[0]!.session, 1)
      assert.strictEqual(Duration.toMillis(only(events, "Resumed")[0]!.pausedFor), 3000)
      assert.strictEqual(only(events, "Resumed")[0]!.session, 1)
      assert.deepStrictEqual(tags(statuses), ["Open"])
    }))

  it.effect("a subscriber that leaves frees the flow", () =>
    Effect.gen(function*() {
      const { connection, peer } = yield* open({ connection: { inbound: { highWaterMark: 50 } } })
      const fast = yield* collect(connection.messages)
      yield* Effect.scoped(Effect.gen(function*() {
        yield* Effect.asVoid(connection.subscribe)
        yield* sendAll(peer, tens(1, 20))
        assert.deepStrictEqual(fast, tens(1, 6))
      }))
      yield* settle
      assert.deepStrictEqual(fast, tens(1, 20))
    }))

  it.effect("the last subscriber that leaves frees the flow", () =>
    Effect.gen(function*() {
      const { connection, peer } = yield* open({ connection: { inbound: { highWaterMark: 50 } } })
      yield* Effect.scoped(Effect.gen(function*() {
        yield* Effect.asVoid(connection.subscribe)
        yield* sendAll(peer, tens(1, 20))
        assert.isTrue(isPaused(yield* connection.status))
      }))
      yield* settle
      assert.isFalse(isPaused(yield* connection.status))
      assert.deepStrictEqual(yield* collect(connection.messages), tens(16, 20))
    }))

  it.effect("a consumer that is still behind pauses the next session too", () =>
    Effect.gen(function*() {
      const { connection, events, peer, server } = yield* open({ connection: { inbound: { highWaterMark: 50 } } })
      const slow = yield* connection.subscribe
      yield* sendAll(peer, tens(1, 6))
      yield* connection.reconnect()
      yield* settle
      yield* sendAll(yield* server.peer, tens(7, 9))
      assert.deepStrictEqual(only(events, "Paused").map(({ session }) => session), [1, 2])
      assert.deepStrictEqual(yield* slow, tens(1, 6))
      yield* settle
      assert.deepStrictEqual(yield* slow, tens(7, 9))
    }))

  it.effect("15. The consumer is slow and the socket paused by us for longer than the timeout: no drop, no growth; after `maxPause` it ends as `InboundOverflow`", () =>
    Effect.gen(function*() {
      const { connection, events, peer, server } = yield* open({
        connection: { inbound: { highWaterMark: 50, maxPause: "1 minute" } },
        heartbeat: Heartbeat.layer({ interval: "10 seconds", timeout: "5 seconds" })
      })
      const slow = yield* connection.subscribe
      yield* sendAll(peer, tens(1, 500))
      yield* TestClock.adjust("59 seconds")
      assert.deepStrictEqual(tags(events), ["Paused"])
      assert.deepStrictEqual(drops(events), [])
      yield* TestClock.adjust("1 second")
      const [disconnected] = only(events, "Disconnected")
      assert.strictEqual(disconnected?.error.reason._tag, "InboundOverflow")
      const { bytes, paused } = disconnected!.error.reason as any
      assert.strictEqual(bytes, 60)
      assert.strictEqual(Duration.toMillis(paused), 60_000)
      // It dials again, and the consumer still has what it had.
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* slow, tens(1, 6))
      yield* sendAll(yield* server.peer, tens(7, 8))
      assert.deepStrictEqual(yield* slow, tens(7, 8))
      assert.strictEqual(yield* server.openLinks, 1)
    }))

  it.effect("pauses that are shorter than `maxPause` do not add up", () =>
    Effect.gen(function*() {
      const { connection, events, peer } = yield* open({
        connection: { inbound: { highWaterMark: 50, maxPause: "1 minute" } }
      })
      const slow = yield* connection.subscribe
      for (let i = 0; i < 5; i++) {
        yield* sendAll(peer, tens(1, 6))
        yield* TestClock.adjust("40 seconds")
        yield* slow
        yield* settle
      }
      assert.deepStrictEqual(only(events, "Disconnected"), [])
      assert.deepStrictEqual(only(events, "Resumed").map(({ pausedFor }) => Duration.toSeconds(pausedFor)), [
        40,
        40,
        40,
        40,
        40
      ])
    }))

  it.effect("over a transport that cannot pause, the session ends as `InboundOverflow` at 16 times the mark", () =>
    Effect.gen(function*() {
      const { connection, events, peer, server } = yield* open({
        connection: { inbound: { highWaterMark: 50 } },
        transport: { capabilities: { pause: false } }
      })
      const slow = yield* connection.subscribe
      yield* sendAll(peer, tens(1, 80))
      assert.deepStrictEqual(tags(events), [])
      yield* sendAll(peer, tens(81, 81))
      const [disconnected] = only(events, "Disconnected")
      assert.strictEqual(disconnected?.error.reason._tag, "InboundOverflow")
      assert.strictEqual((disconnected!.error.reason as any).bytes, 810)
      assert.strictEqual((yield* slow).length, 81)
      yield* TestClock.adjust("1 second")
      yield* sendAll(yield* server.peer, tens(82, 82))
      assert.deepStrictEqual(yield* slow, tens(82, 82))
    }))
})

describe("overflow", () => {
  it.effect("`dropOldest` keeps the newest up to the mark, for who is slow only", () =>
    Effect.gen(function*() {
      const { connection, events, peer } = yield* open({
        connection: { inbound: { highWaterMark: 50, overflow: "dropOldest" } }
      })
      const slow = yield* connection.subscribe
      const seen: Array<Message> = []
      yield* connection.listen((message) => seen.push(message))
      yield* sendAll(peer, tens(1, 20))
      assert.deepStrictEqual(seen, tens(1, 20))
      assert.deepStrictEqual(drops(events), [{ direction: "inbound", reason: "dropOldest", messages: 15, bytes: 150 }])
      const kept = yield* collect(Stream.fromPull(Effect.succeed(slow)))
      yield* sendAll(peer, tens(21, 21))
      assert.deepStrictEqual(kept, tens(16, 21))
      assert.isFalse(isPaused(yield* connection.status))
    }))

  it.effect("`dropNewest` keeps the oldest up to the mark", () =>
    Effect.gen(function*() {
      const { connection, events, peer } = yield* open({
        connection: { inbound: { highWaterMark: 50, overflow: "dropNewest" } }
      })
      const slow = yield* connection.subscribe
      yield* sendAll(peer, tens(1, 20))
      assert.deepStrictEqual(drops(events), [{ direction: "inbound", reason: "dropNewest", messages: 15, bytes: 150 }])
      const kept = yield* collect(Stream.fromPull(Effect.succeed(slow)))
      yield* sendAll(peer, tens(21, 21))
      assert.deepStrictEqual(kept, [...tens(1, 5), ten(21)])
    }))

  it.effect("a message larger than the mark is dropped only where something else waits", () =>
    Effect.gen(function*() {
      const large = "x".repeat(60)
      const read = (overflow: "dropOldest" | "dropNewest") =>
        Effect.gen(function*() {
          const { connection, peer } = yield* open({ connection: { inbound: { highWaterMark: 50, overflow } } })
          const slow = yield* connection.subscribe
          yield* sendAll(peer, [large])
          const first = yield* slow
          yield* sendAll(peer, [ten(1), large])
          return [...first, ...(yield* slow)]
        })
      assert.deepStrictEqual(yield* read("dropOldest"), [large, large])
      assert.deepStrictEqual(yield* read("dropNewest"), [large, ten(1)])
    }))

  it.effect("`fail` ends the session with `InboundOverflow`, and dials again", () =>
    Effect.gen(function*() {
      const { connection, events, peer, server } = yield* open({
        connection: { inbound: { highWaterMark: 50, overflow: "fail" } }
      })
      const slow = yield* connection.subscribe
      yield* sendAll(peer, tens(1, 6))
      const [disconnected] = only(events, "Disconnected")
      assert.strictEqual(disconnected?.error.reason._tag, "InboundOverflow")
      assert.strictEqual((disconnected!.error.reason as any).bytes, 60)
      assert.deepStrictEqual(yield* slow, tens(1, 6))
      yield* TestClock.adjust("1 second")
      yield* sendAll(yield* server.peer, tens(7, 7))
      assert.deepStrictEqual(yield* slow, tens(7, 7))
    }))

  it.effect("`fail` spares a large message that comes alone", () =>
    Effect.gen(function*() {
      const { connection, events, peer } = yield* open({
        connection: { inbound: { highWaterMark: 50, overflow: "fail" } }
      })
      const slow = yield* connection.subscribe
      const large = "x".repeat(60)
      yield* sendAll(peer, [large])
      assert.deepStrictEqual(tags(events), [])
      assert.deepStrictEqual(yield* slow, [large])
    }))
})
