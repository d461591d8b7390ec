import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { TestClock } from "effect/testing"
import type { ConnectionService } from "../src/Connection.ts"
import type { ConnectionError, SendFailed } from "../src/ConnectionError.ts"
import type { ConnectionEvent } from "../src/ConnectionEvent.ts"
import type { Message } from "../src/Link.ts"
import * as Reconnect from "../src/Reconnect.ts"
import type { TestPeer } from "../src/testing/TestServer.ts"
import { beside, collect, connect, settle, type Setup } from "./support/connect.ts"
import { closedAtFirst, cut, open, reopen } from "./support/outages.ts"

const ten = (n: number): string => String(n).padStart(10, "0")

const tens = (from: number, to: number): Array<Message> =>
  Array.from({ length: to - from + 1 }, (_, index) => ten(from + index))

const drops = (events: ReadonlyArray<ConnectionEvent>) =>
  events.flatMap((event) =>
    event._tag === "Dropped"
      ? [{ direction: event.direction, reason: event.reason, messages: event.messages, bytes: event.bytes }]
      : []
  )

const unflushed = (events: ReadonlyArray<ConnectionEvent>) =>
  events.flatMap((event) => event._tag === "Disconnected" ? [event.unflushed] : [])

const sendFailed = <A>(effect: Effect.Effect<A, ConnectionError>): Effect.Effect<SendFailed, A> =>
  Effect.map(Effect.flip(effect), ({ reason }) => {
    assert.strictEqual(reason._tag, "SendFailed")
    return reason as SendFailed
  })

const isSuspended = (fiber: Fiber.Fiber<unknown, unknown>): boolean => fiber.pollUnsafe() === undefined

const succeeded = (fiber: Fiber.Fiber<unknown, unknown>): boolean => {
  const exit = fiber.pollUnsafe()
  return exit !== undefined && Exit.isSuccess(exit)
}

const bufferedBytes = (connection: ConnectionService): number => (connection as any).supervisor.current.link.buffered()

describe("send", () => {
  it.effect("keeps the order, of texts and bytes, of one and of many", () =>
    Effect.gen(function*() {
      const { connection, peer } = yield* open()
      yield* connection.send("one")
      yield* connection.send(new Uint8Array([2]))
      yield* connection.sendAll(["three", new Uint8Array([4]), ""])
      yield* connection.send("five")
      yield* settle
      assert.deepStrictEqual(yield* peer.received, [
        "one",
        new Uint8Array([2]),
        "three",
        new Uint8Array([4]),
        "",
        "five"
      ])
    }))

  it.effect("30. The peer never reads: `send` suspends at the watermark, memory stays flat, a timeout around it works", () =>
    Effect.gen(function*() {
      const { connection, peer } = yield* open({ connection: { outbound: { highWaterMark: 50 } } })
      yield* peer.pauseReading
      const senders = yield* Effect.forEach(tens(1, 5), (message) => beside(connection.send(message)))
      assert.isTrue(senders.every(succeeded))
      const late = yield* beside(Effect.timeoutOption(connection.send(ten(6)), "5 seconds"))
      const later = yield* beside(connection.send(ten(7)))
      yield* TestClock.adjust("4 seconds")
      assert.isTrue(isSuspended(late))
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* Fiber.join(late))._tag, "None")
      assert.isTrue(isSuspended(later))
      assert.strictEqual(bufferedBytes(connection), 50)
      yield* peer.resumeReading
      yield* Fiber.join(later)
      yield* settle
      assert.deepStrictEqual(yield* peer.received, [...tens(1, 5), ten(7)])
    }))

  it.effect("suspended sends go out in order when the peer reads again, and never more than the mark at once", () =>
    Effect.gen(function*() {
      const { connection, peer } = yield* open({ connection: { outbound: { highWaterMark: 50 } } })
      yield* peer.pauseReading
      const senders = yield* Effect.forEach(tens(1, 30), (message) => beside(connection.send(message)))
      assert.strictEqual(senders.filter(succeeded).length, 5)
      let most = 0
      for (let round = 0; round < 6; round++) {
        yield* peer.resumeReading
        yield* peer.pauseReading
        yield* settle
        most = Math.max(most, bufferedBytes(connection))
      }
      yield* peer.resumeReading
      yield* settle
      assert.isTrue(senders.every(succeeded))
      assert.deepStrictEqual(yield* peer.received, tens(1, 30))
      assert.isAtMost(most, 50)
    }))

  it.effect("a message larger than the mark is sent all the same", () =>
    Effect.gen(function*() {
      const { connection, peer } = yield* open({ connection: { outbound: { highWaterMark: 50 } } })
      const large = "x".repeat(500)
      yield* connection.send(large)
      yield* connection.send("next")
      yield* settle
      assert.deepStrictEqual(yield* peer.received, [large, "next"])
    }))

  it.effect("34. Interrupting a suspended `send` sends nothing later", () =>
    Effect.gen(function*() {
      const { connection, peer } = yield* open({ connection: { outbound: { highWaterMark: 10 } } })
      yield* peer.pauseReading
      yield* connection.send(ten(1))
      const suspended = yield* Effect.forEach(tens(2, 4), (message) => beside(connection.send(message)))
      yield* Fiber.interrupt(suspended[1]!)
      yield* peer.resumeReading
      yield* settle
      assert.deepStrictEqual(yield* peer.received, [ten(1), ten(2), ten(4)])
    }))

  it.effect("interrupting a `send` that waits for a session sends nothing later", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* closedAtFirst()
      const suspended = yield* Effect.forEach(["a", "b", "c"], (message) => beside(connection.send(message)))
      yield* Fiber.interrupt(suspended[0]!)
      const peer = yield* reopen(server)
      assert.deepStrictEqual(yield* peer.received, ["b", "c"])
    }))

  it.effect("what is no message fails with `SendFailed`, whatever the connection is doing", () =>
    Effect.gen(function*() {
      const { connection, peer } = yield* open()
      const session = yield* connection.awaitOpen
      for (const wrong of [5, null, undefined, {}, new ArrayBuffer(4), ["a"]] as ReadonlyArray<any>) {
        for (const send of [connection.send(wrong), session.send(wrong), connection.sendAll([wrong])]) {
          const { cause, delivery } = yield* sendFailed(send)
          assert.strictEqual(delivery, "notSent")
          assert.strictEqual(cause.reason._tag, "InvalidRequest")
        }
      }
      assert.deepStrictEqual(yield* peer.received, [])
      yield* connection.close()
      assert.strictEqual((yield* sendFailed(connection.send(5 as any))).cause.reason._tag, "InvalidRequest")
    }))

  it.effect("what is no message fails in `greet` as well", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* connect({
        handshake: {
          greet: (session) =>
            Effect.gen(function*() {
              for (const wrong of [5, null, new ArrayBuffer(4)] as ReadonlyArray<any>) {
                const { cause } = yield* sendFailed(session.send(wrong))
                assert.strictEqual(cause.reason._tag, "InvalidRequest")
              }
            })
        }
      })
      yield* connection.awaitOpen
      yield* settle
      assert.deepStrictEqual(yield* (yield* server.peer).received, [])
    }))

  it.effect("`sendAll` stops at the first that fails; what came before is sent", () =>
    Effect.gen(function*() {
      const { connection, peer } = yield* open()
      yield* sendFailed(connection.sendAll(["one", 2 as any, "three"]))
      yield* settle
      assert.deepStrictEqual(yield* peer.received, ["one"])
    }))

  it.effect("`sendAll` suspends above the mark, and sends no more once interrupted", () =>
    Effect.gen(function*() {
      const { connection, peer } = yield* open({ connection: { outbound: { highWaterMark: 30 } } })
      yield* peer.pauseReading
      const sending = yield* beside(connection.sendAll(tens(1, 9)))
      const other = yield* beside(connection.sendAll(tens(11, 12)))
      assert.isTrue(isSuspended(sending))
      yield* Fiber.interrupt(sending)
      yield* peer.resumeReading
      yield* Fiber.join(other)
      yield* settle
      assert.deepStrictEqual(yield* peer.received, [...tens(1, 3), ...tens(11, 12)])
    }))

  it.effect("the user's frames go out only after `greet`, and then before later ones", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* connect({
        handshake: {
          greet: (session) => Effect.andThen(session.send("identify"), session.receive)
        }
      })
      const early = yield* beside(connection.send("early"))
      const peer = yield* server.peer
      yield* settle
      assert.isTrue(isSuspended(early))
      assert.deepStrictEqual(yield* peer.received, ["identify"])
      yield* peer.send("ready")
      yield* connection.awaitOpen
      yield* connection.send("late")
      yield* settle
      assert.deepStrictEqual(yield* peer.received, ["identify", "early", "late"])
    }))
})

describe("a session that ends", () => {
  it.effect("31. A send after the peer's Close frame arrived but before anybody noticed: never a silent success", () =>
    Effect.gen(function*() {
      const { connection, events, peer, server } = yield* open()
      const outcomes: Array<Fiber.Fiber<void, ConnectionError>> = []
      // Called inside the socket's callback, with the Close frame right behind it.
      yield* connection.listen(() => {
        outcomes.push(Effect.runFork(connection.send("in the callback")))
        queueMicrotask(() => outcomes.push(Effect.runFork(connection.send("right after the callback"))))
      })
      yield* peer.send("trigger")
      yield* peer.close(1000)
      // The peer does not read what comes after its Close frame.
      yield* peer.blackhole({ outbound: true })
      yield* settle
      yield* TestClock.adjust("1 second")
      const second = yield* server.peer
      yield* settle
      assert.strictEqual(outcomes.length, 2)
      assert.isTrue(outcomes.every(succeeded))
      const [first] = unflushed(events)
      // The first was taken before the Close frame came; the second waited for the next session.
      assert.deepStrictEqual(first, { messages: 0, bytes: 0 })
      assert.deepStrictEqual(yield* second.received, ["right after the callback"])
    }))

  for (const mode of ["suspend", "fail", "drop"] as const) {
    it.effect(`a send while it is closing waits, fails or is dropped, as \`${mode}\` says`, () =>
      Effect.gen(function*() {
        const { connection, events, peer, server } = yield* open({
          connection: { outbound: { whileDisconnected: mode } }
        })
        const sending = yield* Deferred.make<Fiber.Fiber<void, ConnectionError>>()
        yield* connection.listen(() =>
          queueMicrotask(() => Deferred.doneUnsafe(sending, Effect.succeed(Effect.runFork(connection.send("late")))))
        )
        yield* peer.send("trigger")
        yield* peer.close(4000)
        yield* settle
        const exit = yield* Deferred.await(sending).pipe(
          Effect.flatMap((fiber) => mode === "suspend" ? Effect.succeed(undefined) : Fiber.await(fiber))
        )
        yield* TestClock.adjust("1 second")
        const second = yield* server.peer
        yield* settle
        assert.deepStrictEqual(yield* second.received, mode === "suspend" ? ["late"] : [])
        if (mode === "fail") {
          const error = Cause.squash((exit as Exit.Failure<void, ConnectionError>).cause) as ConnectionError
          assert.deepInclude(error.reason, { _tag: "SendFailed", delivery: "notSent" })
          assert.strictEqual((error.reason as SendFailed).cause.reason._tag, "ApplicationClose")
        }
        if (mode === "drop") {
          assert.deepStrictEqual(drops(events), [
            { direction: "outbound", reason: "whileDisconnected", messages: 1, bytes: 4 }
          ])
        }
      }))
  }

  it.effect("32. A session dies with unflushed frames: the event counts them, `flush` fails with `unknown`", () =>
    Effect.gen(function*() {
      const { connection, events, peer, server } = yield* open()
      yield* connection.send("flushed")
      yield* connection.flush
      yield* peer.pauseReading
      yield* connection.sendAll([...tens(1, 3), new Uint8Array(7)])
      const flushing = yield* Effect.forEach([1, 2], () => beside(sendFailed(connection.flush)))
      yield* settle
      assert.isTrue(flushing.every(isSuspended))
      yield* cut(server, peer)
      assert.deepStrictEqual(unflushed(events), [{ messages: 4, bytes: 37 }])
      for (const fiber of flushing) {
        const { cause, delivery } = yield* Fiber.join(fiber)
        assert.strictEqual(delivery, "unknown")
        assert.strictEqual(cause.reason._tag, "AbnormalClosure")
      }
      // It was reported; nothing else is lost.
      yield* connection.flush
      yield* reopen(server)
      yield* connection.send("again")
      yield* connection.flush
    }))

  it.effect("a loss that nobody waited for is reported by the next flush, once", () =>
    Effect.gen(function*() {
      const { connection, peer, server } = yield* open()
      yield* peer.pauseReading
      yield* connection.send("lost")
      yield* cut(server, peer)
      yield* reopen(server)
      assert.strictEqual((yield* sendFailed(connection.flush)).delivery, "unknown")
      yield* connection.flush
    }))

  it.effect("a flush is told of a loss when the session ends, and not when the peer that did not read has gone too", () =>
    Effect.gen(function*() {
      const { connection, peer, server } = yield* open()
      yield* peer.pauseReading
      yield* connection.send("never leaves")
      const flushing = yield* beside(sendFailed(connection.flush))
      yield* connection.reconnect()
      yield* server.peer
      yield* settle
      assert.isFalse(isSuspended(flushing))
      assert.strictEqual((yield* Fiber.join(flushing)).delivery, "unknown")
    }))

  it.effect("only what had not left is counted as unflushed", () =>
    Effect.gen(function*() {
      const { connection, events, peer, server } = yield* open()
      yield* connection.sendAll(tens(1, 2000))
      yield* peer.pauseReading
      yield* connection.sendAll(tens(1, 3))
      yield* peer.resumeReading
      yield* peer.pauseReading
      yield* connection.sendAll(tens(4, 5))
      yield* cut(server, peer)
      assert.deepStrictEqual(unflushed(events), [{ messages: 2, bytes: 20 }])
    }))

  it.effect("`flush` waits for what is suspended and for what the socket holds", () =>
    Effect.gen(function*() {
      const { connection, peer } = yield* open({ connection: { outbound: { highWaterMark: 10 } } })
      yield* peer.pauseReading
      yield* Effect.forEach(tens(1, 3), (message) => beside(connection.send(message)))
      const flushing = yield* beside(connection.flush)
      yield* TestClock.adjust("1 minute")
      assert.isTrue(isSuspended(flushing))
      yield* peer.resumeReading
      yield* Fiber.join(flushing)
      yield* settle
      assert.deepStrictEqual(yield* peer.received, tens(1, 3))
    }))

  it.effect("`flush` while no session is open waits for what is buffered", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* closedAtFirst({
        connection: { outbound: { whileDisconnected: { buffer: { messages: 5 } } } }
      })
      yield* connection.flush
      yield* connection.send("buffered")
      const flushing = yield* beside(connection.flush)
      yield* TestClock.adjust("5 seconds")
      assert.isTrue(isSuspended(flushing))
      yield* reopen(server)
      yield* Fiber.join(flushing)
    }))

  it.effect("sends that are suspended fail as not sent when we close, and buffered ones are dropped and counted", () =>
    Effect.gen(function*() {
      const suspended = yield* closedAtFirst()
      const sending = yield* beside(sendFailed(suspended.connection.send("never")))
      yield* suspended.connection.close()
      const { cause, delivery } = yield* Fiber.join(sending)
      assert.strictEqual(delivery, "notSent")
      assert.strictEqual(cause.reason._tag, "ConnectionClosed")
      assert.strictEqual((yield* sendFailed(suspended.connection.send("late"))).delivery, "notSent")

      const buffered = yield* closedAtFirst({
        connection: { outbound: { whileDisconnected: { buffer: { messages: 5 } } } }
      })
      yield* buffered.connection.sendAll(["one", "two"])
      const flushing = yield* beside(Effect.flip(buffered.connection.flush))
      yield* buffered.connection.close()
      yield* settle
      assert.deepStrictEqual(drops(buffered.events), [
        { direction: "outbound", reason: "closed", messages: 2, bytes: 6 }
      ])
      assert.strictEqual((yield* Fiber.join(flushing)).reason._tag, "ConnectionClosed")
    }))

  it.effect("sends that are suspended above the mark fail as not sent when closing takes too long", () =>
    Effect.gen(function*() {
      const { connection, events, peer } = yield* open({ connection: { outbound: { highWaterMark: 10 } } })
      yield* peer.pauseReading
      yield* connection.send(ten(1))
      const sending = yield* beside(sendFailed(connection.send(ten(2))))
      const closing = yield* beside(connection.close())
      yield* settle
      assert.strictEqual((yield* sendFailed(connection.send(ten(3)))).delivery, "notSent")
      yield* TestClock.adjust("5 seconds")
      yield* Fiber.join(closing)
      assert.strictEqual((yield* Fiber.join(sending)).delivery, "notSent")
      assert.deepStrictEqual(unflushed(events), [{ messages: 1, bytes: 10 }])
      assert.strictEqual((yield* sendFailed(connection.flush)).delivery, "unknown")
    }))

  it.effect("29. The schedule ends: `send` fails with `SendFailed` around the last cause, `flush` with the cause itself", () =>
    Effect.gen(function*() {
      const { connection, peer } = yield* open({ reconnect: Reconnect.layerNever })
      yield* peer.close(4004)
      yield* settle
      const { cause, delivery } = yield* sendFailed(connection.send("late"))
      assert.strictEqual(delivery, "notSent")
      assert.strictEqual(cause.reason._tag, "ApplicationClose")
      assert.strictEqual((yield* Effect.flip(connection.flush)).reason._tag, "ApplicationClose")
    }))
})

describe("whileDisconnected", () => {
  it.effect("`suspend` waits for the next session, in order, over several outages", () =>
    Effect.gen(function*() {
      const { connection, peer, server } = yield* open()
      const first = yield* beside(connection.sendAll(tens(1, 3)))
      yield* Fiber.join(first)
      yield* cut(server, peer)
      const senders = yield* Effect.forEach(tens(4, 6), (message) => beside(connection.send(message)))
      yield* TestClock.adjust("30 seconds")
      assert.isTrue(senders.every(isSuspended))
      const second = yield* reopen(server)
      assert.isTrue(senders.every(succeeded))
      assert.deepStrictEqual(yield* second.received, tens(4, 6))
    }))

  it.effect("`suspend`: suspended sends stay through a `reconnect`", () =>
    Effect.gen(function*() {
      const { connection, peer, server } = yield* open({ connection: { outbound: { highWaterMark: 10 } } })
      yield* peer.pauseReading
      yield* connection.send(ten(1))
      const sending = yield* beside(connection.send(ten(2)))
      yield* connection.reconnect()
      const second = yield* server.peer
      yield* Fiber.join(sending)
      yield* settle
      assert.deepStrictEqual(yield* second.received, [ten(2)])
    }))

  it.effect("`fail` fails as not sent with why there is no session, at once", () =>
    Effect.gen(function*() {
      const { connection, peer, server } = yield* open({ connection: { outbound: { whileDisconnected: "fail" } } })
      yield* cut(server, peer)
      const lost = yield* sendFailed(connection.send("one"))
      assert.strictEqual(lost.delivery, "notSent")
      assert.strictEqual(lost.cause.reason._tag, "AbnormalClosure")
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* sendFailed(connection.send("two"))).cause.reason._tag, "ConnectFailed")
      const second = yield* reopen(server)
      yield* connection.send("three")
      yield* settle
      assert.deepStrictEqual(yield* second.received, ["three"])
    }))

  it.effect("`fail`: a send above the mark suspends while the session is open, and fails with it", () =>
    Effect.gen(function*() {
      const { connection, peer, server } = yield* open({
        connection: { outbound: { highWaterMark: 10, whileDisconnected: "fail" } }
      })
      yield* peer.pauseReading
      yield* connection.send(ten(1))
      const sending = yield* beside(sendFailed(connection.send(ten(2))))
      yield* settle
      assert.isTrue(isSuspended(sending))
      yield* cut(server, peer)
      assert.strictEqual((yield* Fiber.join(sending)).delivery, "notSent")
    }))

  it.effect("`drop` drops, counts and announces", () =>
    Effect.gen(function*() {
      const { connection, events, server } = yield* closedAtFirst({
        connection: { outbound: { whileDisconnected: "drop" } }
      })
      yield* connection.sendAll(tens(1, 3))
      yield* settle
      assert.deepStrictEqual(drops(events), [
        { direction: "outbound", reason: "whileDisconnected", messages: 3, bytes: 30 }
      ])
      const peer = yield* reopen(server)
      yield* connection.send("sent")
      yield* settle
      assert.deepStrictEqual(yield* peer.received, ["sent"])
    }))

  it.effect("a buffer takes frames at once, and a copy of their bytes", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* closedAtFirst({
        connection: { outbound: { whileDisconnected: { buffer: { messages: 3 } } } }
      })
      const plain = new Uint8Array([1, 2])
      const view = Buffer.from([3, 4])
      yield* connection.sendAll([plain, view, "text"])
      plain.fill(9)
      view.fill(9)
      const peer = yield* reopen(server)
      assert.deepStrictEqual(yield* peer.received, [new Uint8Array([1, 2]), new Uint8Array([3, 4]), "text"])
    }))

  it.effect("a buffer that is full suspends, in order with what is in it", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* closedAtFirst({
        connection: { outbound: { whileDisconnected: { buffer: { messages: 2 } } } }
      })
      const senders = yield* Effect.forEach(tens(1, 4), (message) => beside(connection.send(message)))
      assert.deepStrictEqual(senders.map(succeeded), [true, true, false, false])
      const peer = yield* reopen(server)
      assert.isTrue(senders.every(succeeded))
      assert.deepStrictEqual(yield* peer.received, tens(1, 4))
    }))

  it.effect("a buffer that is full fails with `fail`, by messages or by bytes", () =>
    Effect.gen(function*() {
      for (const buffer of [{ messages: 2 }, { bytes: 29 }]) {
        const { connection, server } = yield* closedAtFirst({
          connection: { outbound: { whileDisconnected: { buffer, overflow: "fail" } } }
        })
        yield* connection.sendAll(tens(1, 2))
        const { cause, delivery } = yield* sendFailed(connection.send(ten(3)))
        assert.strictEqual(delivery, "notSent")
        assert.strictEqual(cause.reason._tag, "ConnectFailed")
        const peer = yield* reopen(server)
        assert.deepStrictEqual(yield* peer.received, tens(1, 2))
      }
    }))

  it.effect("a buffer that is full drops its oldest with `dropOldest`, counted and announced", () =>
    Effect.gen(function*() {
      const { connection, events, server } = yield* closedAtFirst({
        connection: { outbound: { whileDisconnected: { buffer: { bytes: 30 }, overflow: "dropOldest" } } }
      })
      yield* connection.sendAll(tens(1, 5))
      // Larger than the whole buffer: it alone is dropped.
      yield* connection.send("x".repeat(31))
      yield* settle
      assert.deepStrictEqual(drops(events), [
        { direction: "outbound", reason: "dropOldest", messages: 3, bytes: 51 }
      ])
      const peer = yield* reopen(server)
      assert.deepStrictEqual(yield* peer.received, tens(3, 5))
    }))

  it.effect("a buffer that is full drops what comes with `dropNewest`, counted and announced", () =>
    Effect.gen(function*() {
      const { connection, events, server } = yield* closedAtFirst({
        connection: { outbound: { whileDisconnected: { buffer: { messages: 3 }, overflow: "dropNewest" } } }
      })
      yield* connection.sendAll(tens(1, 5))
      yield* settle
      assert.deepStrictEqual(drops(events), [
        { direction: "outbound", reason: "dropNewest", messages: 2, bytes: 20 }
      ])
      const peer = yield* reopen(server)
      assert.deepStrictEqual(yield* peer.received, tens(1, 3))
    }))

  it.effect("a send that is suspended above the mark moves into the buffer when the session dies", () =>
    Effect.gen(function*() {
      const { connection, peer, server } = yield* open({
        connection: {
          outbound: { highWaterMark: 10, whileDisconnected: { buffer: { messages: 2 }, overflow: "fail" } }
        }
      })
      yield* peer.pauseReading
      yield* connection.send(ten(1))
      const senders = yield* Effect.forEach(tens(2, 4), (message) => beside(connection.send(message)))
      yield* settle
      assert.isTrue(senders.every(isSuspended))
      yield* cut(server, peer)
      assert.deepStrictEqual(senders.map(succeeded), [true, true, false])
      assert.strictEqual((yield* sendFailed(Fiber.join(senders[2]!))).delivery, "notSent")
      const second = yield* reopen(server)
      yield* settle
      assert.deepStrictEqual(yield* second.received, tens(2, 3))
    }))

  const modes: ReadonlyArray<NonNullable<NonNullable<Setup["connection"]>["outbound"]>["whileDisconnected"] & {}> = [
    "suspend",
    "fail",
    "drop",
    { buffer: { messages: 7 } },
    { buffer: { messages: 7 }, overflow: "fail" },
    { buffer: { messages: 7 }, overflow: "dropOldest" },
    { buffer: { bytes: 70 }, overflow: "dropNewest" }
  ]
  for (const mode of modes) {
    const name = typeof mode === "string" ? mode : `${mode.overflow ?? "suspend"} of a buffer`
    it.effect(`33. \`whileDisconnected\` (${name}) at its bound, across three sessions: order kept, nothing duplicated, every frame has an outcome`, () =>
      Effect.gen(function*() {
        const { connection, events, peer, server } = yield* open({
          connection: { outbound: { highWaterMark: 50, whileDisconnected: mode } }
        })
        let next = 1
        const senders: Array<Fiber.Fiber<void, ConnectionError>> = []
        const send = Effect.fnUntraced(function*(count: number) {
          for (let i = 0; i < count; i++) senders.push(yield* beside(connection.send(ten(next++))))
        })
        const received: Array<Message> = []
        const take = (peer: TestPeer) => Effect.map(peer.received, (messages) => void received.push(...messages))

        let current = peer
        for (let session = 1; session <= 3; session++) {
          yield* send(3)
          yield* settle
          // The peer reads no more: some are in the socket's hands, some above the mark.
          yield* current.pauseReading
          yield* send(9)
          yield* settle
          yield* take(current)
          yield* cut(server, current)
          yield* send(10)
          yield* TestClock.adjust("3 seconds")
          current = yield* reopen(server)
          yield* settle
        }
        yield* take(current)

        const numbers = received.map(Number)
        assert.deepStrictEqual(numbers, [...new Set(numbers)].sort((a, b) => a - b), "in order, once each")
        const lost = unflushed(events).reduce((sum, { messages }) => sum + messages, 0)
        const dropped = drops(events).reduce((sum, { messages }) => sum + messages, 0)
        const exits = yield* Effect.forEach(senders, (fiber) => Fiber.await(fiber))
        const failed = exits.filter(Exit.isFailure)
        for (const exit of failed) {
          const { reason } = Cause.squash(exit.cause) as ConnectionError
          assert.deepInclude(reason, { _tag: "SendFailed", delivery: "notSent" })
        }
        assert.strictEqual(received.length + lost + dropped + failed.length, senders.length)
        assert.strictEqual(senders.length, 66)
        assert.strictEqual(lost, 15)
        const expected: Record<string, readonly [dropped: number, failed: number]> = {
          "suspend": [0, 0],
          "fail": [0, 42],
          "drop": [42, 0],
          "suspend of a buffer": [0, 0],
          "fail of a buffer": [0, 21],
          "dropOldest of a buffer": [21, 0],
          "dropNewest of a buffer": [21, 0]
        }
        assert.deepStrictEqual([dropped, failed.length], expected[name])
      }))
  }
})

describe("a conversation", () => {
  it.effect("10 000 messages each way over a peer that stalls now and then arrive once and in order", () =>
    Effect.gen(function*() {
      const { connection, peer } = yield* open({ connection: { outbound: { highWaterMark: 1000 } } })
      const sending = yield* beside(connection.sendAll(tens(1, 10_000)))
      const seen = yield* collect(connection.messages)
      for (let i = 0; i < 10; i++) {
        yield* peer.pauseReading
        yield* Effect.forEach(tens(i * 1000 + 1, (i + 1) * 1000), (message) => peer.send(message), { discard: true })
        yield* settle
        yield* peer.resumeReading
        yield* settle
      }
      yield* Fiber.join(sending)
      yield* settle
      assert.deepStrictEqual(yield* peer.received, tens(1, 10_000))
      assert.deepStrictEqual(seen, tens(1, 10_000))
      yield* connection.close()
      assert.strictEqual((yield* Stream.runCollect(connection.messages)).length, 0)
    }))
})
