import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { TestClock } from "effect/testing"
import type { Session } from "../src/Connection.ts"
import type { ConnectionError } from "../src/ConnectionError.ts"
import type { ConnectionEvent } from "../src/ConnectionEvent.ts"
import type { Message } from "../src/Link.ts"
import * as Reconnect from "../src/Reconnect.ts"
import type { TestPeer } from "../src/testing/TestServer.ts"
import { beside, collect, connect, settle, type Setup, tags } from "./support/connect.ts"

const ten = (n: number): string => String(n).padStart(10, "0")

const tens = (from: number, to: number): Array<Message> =>
  Array.from({ length: to - from + 1 }, (_, index) => ten(from + index))

const sendAll = (peer: TestPeer, messages: Iterable<Message>): Effect.Effect<void> =>
  Effect.andThen(Effect.forEach(messages, (message) => peer.send(message), { discard: true }), settle)

const open = Effect.fnUntraced(function*(setup: Setup = {}) {
  const { connection, server } = yield* connect(setup)
  const peer = yield* server.peer
  yield* settle
  /** Cuts the session, and lets the next one open. */
  const cut = Effect.fnUntraced(function*(peer: TestPeer) {
    yield* peer.drop
    yield* settle
    yield* TestClock.adjust("1 second")
    return yield* server.peer
  })
  return { connection, cut, peer, server }
})

const drops = (events: ReadonlyArray<ConnectionEvent>) =>
  events.flatMap((event) =>
    event._tag === "Dropped" ? [{ reason: event.reason, messages: event.messages, bytes: event.bytes }] : []
  )

const isOpen = (status: { readonly _tag: string }): boolean => status._tag === "Open"

class Name extends Context.Service<Name, string>()("test/Name") {}

describe("awaitOpen", () => {
  it.effect("gives the open session at once, and waits for one otherwise", () =>
    Effect.gen(function*() {
      const { connection, cut, peer, server } = yield* open()
      const session = yield* connection.awaitOpen
      assert.strictEqual(session.id, 1)
      assert.strictEqual(session.endpoint, "ws://server.test/feed")
      assert.strictEqual(DateTime.toEpochMillis(session.openedAt), 0)
      assert.strictEqual(Option.getOrThrow(session.response).status, 101)
      yield* cut(peer)
      assert.strictEqual((yield* connection.awaitOpen).id, 2)
      yield* server.refuse("ECONNREFUSED")
      yield* connection.reconnect()
      yield* settle
      const waiting = yield* beside(connection.awaitOpen)
      yield* TestClock.adjust("10 seconds")
      assert.isUndefined(waiting.pollUnsafe())
      yield* server.accept()
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* Fiber.join(waiting)).id, 3)
    }))

  it.effect("fails with the cause once the connection has given up", () =>
    Effect.gen(function*() {
      const { connection } = yield* connect({
        reconnect: Reconnect.layerNever,
        server: (server) => server.refuse("ECONNREFUSED")
      })
      assert.strictEqual((yield* Effect.flip(connection.awaitOpen)).reason._tag, "ConnectFailed")
    }))

  it.effect("fails with `ConnectionClosed` once we have closed", () =>
    Effect.gen(function*() {
      const { connection } = yield* open()
      yield* connection.close()
      assert.strictEqual((yield* Effect.flip(connection.awaitOpen)).reason._tag, "ConnectionClosed")
    }))
})

describe("a session", () => {
  it.effect("its messages begin with the first frame after `greet`, and end with it", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* connect({
        handshake: { greet: (session) => session.receive },
        connection: { inbound: { unread: "discard" } }
      })
      const opened = yield* beside(connection.awaitOpen)
      const peer = yield* server.peer
      yield* sendAll(peer, ["hello", "one", "two"])
      const session = yield* Fiber.join(opened)
      yield* sendAll(peer, ["three"])
      const reading = yield* beside(Stream.runCollect(session.messages))
      yield* sendAll(peer, ["four"])
      yield* peer.send("five")
      yield* peer.drop
      assert.deepStrictEqual(yield* Fiber.join(reading), ["one", "two", "three", "four", "five"])
      assert.strictEqual((yield* session.ended).reason._tag, "AbnormalClosure")
    }))

  it.effect("keeps its messages up to the mark until they are run, and counts what it had to drop", () =>
    Effect.gen(function*() {
      const { connection, peer } = yield* open({
        connection: { inbound: { highWaterMark: 50, overflow: "dropOldest" } }
      })
      const events = yield* collect(connection.events)
      // Somebody else reads all the while.
      const all = yield* collect(connection.messages)
      const session = yield* connection.awaitOpen
      for (let i = 1; i <= 9; i++) yield* sendAll(peer, [ten(i)])
      const seen = yield* collect(session.messages)
      yield* sendAll(peer, [ten(10)])
      assert.deepStrictEqual(seen, tens(5, 10))
      assert.deepStrictEqual(all, tens(1, 10))
      assert.deepStrictEqual(drops(events), [{ reason: "unread", messages: 4, bytes: 40 }])
      assert.deepStrictEqual(tags(events), ["Dropped"])
    }))

  it.effect("what was kept in one burst is cut to the mark as well", () =>
    Effect.gen(function*() {
      const { connection, peer } = yield* open({ connection: { inbound: { highWaterMark: 50 } } })
      const session = yield* connection.awaitOpen
      yield* sendAll(peer, tens(1, 9))
      assert.deepStrictEqual(yield* collect(session.messages), tens(5, 9))
    }))

  it.effect("its messages can be run after it has ended", () =>
    Effect.gen(function*() {
      const { connection, cut, peer } = yield* open()
      const session = yield* connection.awaitOpen
      yield* sendAll(peer, ["one"])
      const second = yield* cut(peer)
      yield* sendAll(second, ["two"])
      assert.deepStrictEqual(yield* Stream.runCollect(session.messages), ["one"])
      assert.deepStrictEqual(yield* Stream.runCollect(session.messages), [])
    }))

  it.effect("a second run of its messages begins from then on", () =>
    Effect.gen(function*() {
      const { connection, peer } = yield* open()
      const session = yield* connection.awaitOpen
      yield* sendAll(peer, ["one"])
      const first = yield* collect(session.messages)
      const second = yield* collect(session.messages)
      yield* sendAll(peer, ["two"])
      assert.deepStrictEqual(first, ["one", "two"])
      assert.deepStrictEqual(second, ["two"])
    }))

  it.effect("everybody who is handed it has messages of their own", () =>
    Effect.gen(function*() {
      const { connection, peer } = yield* open()
      const one = yield* connection.awaitOpen
      const two = yield* connection.awaitOpen
      yield* sendAll(peer, ["a", "b"])
      assert.strictEqual(yield* one.receive, "a")
      assert.strictEqual(yield* two.receive, "a")
      assert.strictEqual(yield* one.receive, "b")
      assert.deepStrictEqual(yield* collect(two.messages), ["b"])
    }))

  it.effect("`receive` takes one message after the other, then fails with the reason of the end", () =>
    Effect.gen(function*() {
      const { connection, peer } = yield* open()
      const session = yield* connection.awaitOpen
      const receiving = yield* beside(session.receive)
      yield* sendAll(peer, ["one", "two", "three"])
      assert.strictEqual(yield* Fiber.join(receiving), "one")
      assert.strictEqual(yield* session.receive, "two")
      yield* peer.close(4001)
      yield* settle
      assert.strictEqual(yield* session.receive, "three")
      assert.strictEqual((yield* Effect.flip(session.receive)).reason._tag, "ApplicationClose")
    }))

  it.effect("`messages` goes on where `receive` left off, and the other way round", () =>
    Effect.gen(function*() {
      const { connection, peer } = yield* open()
      const session = yield* connection.awaitOpen
      yield* sendAll(peer, ["one", "two"])
      assert.strictEqual(yield* session.receive, "one")
      assert.deepStrictEqual(yield* Stream.runCollect(Stream.take(session.messages, 1)), ["two"])
      const receiving = yield* beside(session.receive)
      yield* sendAll(peer, ["three"])
      assert.strictEqual(yield* Fiber.join(receiving), "three")
    }))

  it.effect("who reads by `receive` alone is not told that nobody reads, and never holds up the socket", () =>
    Effect.gen(function*() {
      const lines: Array<unknown> = []
      const logger = Logger.make<unknown, void>(({ logLevel, message }) => {
        if (logLevel === "Warn") lines.push(message)
      })
      const { connection, peer } = yield* Effect.provide(
        open({ connection: { inbound: { highWaterMark: 50 } } }),
        Logger.layer([logger])
      )
      const events = yield* collect(connection.events)
      const session = yield* connection.awaitOpen
      yield* sendAll(peer, [ten(0)])
      yield* session.receive
      for (let i = 1; i <= 20; i++) {
        yield* sendAll(peer, [ten(i)])
        assert.strictEqual(yield* session.receive, ten(i))
      }
      assert.deepStrictEqual(lines, [])
      assert.deepStrictEqual(events, [])
      for (let i = 21; i <= 30; i++) yield* sendAll(peer, [ten(i)])
      assert.strictEqual(yield* session.receive, ten(26))
      yield* settle
      assert.deepStrictEqual(tags(events), drops(events).map(() => "Dropped"))
      assert.strictEqual(drops(events).reduce((sum, { messages }) => sum + messages, 0), 5)
    }))

  it.effect("its `send` fails once it has ended, though the next one is open", () =>
    Effect.gen(function*() {
      const { connection, cut, peer } = yield* open()
      const session = yield* connection.awaitOpen
      yield* session.send("one")
      const second = yield* cut(peer)
      const { reason } = yield* Effect.flip(session.send("two"))
      assert.strictEqual(reason._tag, "SendFailed")
      assert.deepInclude(reason, { delivery: "notSent" })
      assert.strictEqual((reason as any).cause.reason._tag, "AbnormalClosure")
      yield* settle
      assert.deepStrictEqual(yield* second.received, [])
    }))

  it.effect("a `send` of it that is suspended when it ends fails, and is not sent by the next one", () =>
    Effect.gen(function*() {
      const { connection, cut, peer } = yield* open({ connection: { outbound: { highWaterMark: 20 } } })
      const session = yield* connection.awaitOpen
      yield* peer.pauseReading
      yield* session.send(ten(1))
      yield* session.send(ten(2))
      const own = yield* beside(Effect.flip(session.send("for this session")))
      const any = yield* beside(connection.send("for any session"))
      yield* settle
      assert.isUndefined(own.pollUnsafe())
      const second = yield* cut(peer)
      const { reason } = yield* Fiber.join(own)
      assert.deepInclude(reason, { _tag: "SendFailed", delivery: "notSent" })
      yield* Fiber.join(any)
      assert.deepStrictEqual(yield* second.receive, "for any session")
      assert.deepStrictEqual(yield* second.received, ["for any session"])
    }))

  it.effect("`end` ends it with that code, and the connection dials again", () =>
    Effect.gen(function*() {
      const { connection, peer, server } = yield* open()
      const session = yield* connection.awaitOpen
      yield* session.end({ code: 4100, reason: "resync" })
      assert.deepStrictEqual(yield* peer.closed, { code: 4100, reason: "resync" })
      const { reason } = yield* session.ended
      assert.deepInclude(reason, { _tag: "ApplicationClose", code: 4100, initiator: "self" })
      yield* TestClock.adjust("1 second")
      yield* server.peer
      assert.strictEqual((yield* connection.awaitOpen).id, 2)
      // A session that is over cannot end the next one.
      yield* session.end()
      yield* settle
      assert.isTrue(isOpen(yield* connection.status))
    }))

  it.effect("ten thousand calls of `awaitOpen` cost one subscription", () =>
    Effect.gen(function*() {
      const { connection, peer } = yield* open()
      const first = yield* connection.awaitOpen
      for (let i = 0; i < 10_000; i++) yield* connection.awaitOpen
      const last = yield* connection.awaitOpen
      const { inbox } = (connection as any).supervisor
      assert.strictEqual(inbox.fanOut.subscriptions.length, 1)
      yield* sendAll(peer, ["one"])
      assert.strictEqual(yield* first.receive, "one")
      assert.strictEqual(yield* last.receive, "one")
    }))
})

describe("sessions", () => {
  it.effect("emits the current one first, then each as it opens", () =>
    Effect.gen(function*() {
      const { connection, cut, peer } = yield* open()
      const ids = yield* collect(Stream.map(connection.sessions, ({ id }) => id))
      yield* cut(yield* cut(peer))
      assert.deepStrictEqual(ids, [1, 2, 3])
    }))

  it.effect("who is slow gets the latest", () =>
    Effect.gen(function*() {
      const { connection, cut, peer } = yield* open()
      const ids: Array<number> = []
      yield* beside(
        Stream.runForEach(connection.sessions, ({ id }) =>
          Effect.andThen(Effect.sync(() => ids.push(id)), Effect.sleep("10 seconds")))
      )
      yield* settle
      const last = yield* cut(yield* cut(yield* cut(peer)))
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(ids, [1, 4])
      yield* cut(last)
    }))

  it.effect("a session's messages are whole however late its turn comes", () =>
    Effect.gen(function*() {
      const { connection, cut, peer } = yield* open()
      const seen: Array<Message> = []
      yield* beside(
        Stream.runForEach(connection.sessions, (session) =>
          Effect.andThen(
            Effect.sleep("5 seconds"),
            Stream.runForEach(session.messages, (message) => Effect.sync(() => seen.push(message)))
          ))
      )
      yield* settle
      yield* sendAll(peer, ["one"])
      const second = yield* cut(peer)
      yield* sendAll(second, ["two"])
      yield* TestClock.adjust("4 seconds")
      assert.deepStrictEqual(seen, ["one"])
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(seen, ["one", "two"])
    }))

  it.effect("ends when we close, and fails when the connection gives up", () =>
    Effect.gen(function*() {
      const ours = yield* open()
      const ending = yield* beside(Stream.runCollect(ours.connection.sessions))
      yield* settle
      yield* ours.connection.close()
      assert.strictEqual((yield* Fiber.join(ending)).length, 1)
      const theirs = yield* open({ reconnect: Reconnect.layerNever })
      const failing = yield* beside(Effect.flip(Stream.runDrain(theirs.connection.sessions)))
      yield* theirs.peer.close(4004)
      assert.strictEqual((yield* Fiber.join(failing)).reason._tag, "ApplicationClose")
    }))
})

describe("withSessions", () => {
  it.effect("finalizers of a use that ended with its session's messages are awaited before the next `Open`", () =>
    Effect.gen(function*() {
      const { connection } = yield* open()
      const log: Array<string> = []
      yield* beside(Stream.runForEach(connection.changes, (status) =>
        Effect.sync(() => {
          if (status._tag === "Open") log.push(`open ${status.session}`)
        })))
      yield* beside(connection.withSessions((session) =>
        Effect.andThen(
          Effect.addFinalizer(() =>
            Effect.andThen(Effect.sleep("1 second"), Effect.sync(() => log.push(`released ${session.id}`)))
          ),
          Stream.runDrain(session.messages)
        )
      ))
      yield* settle
      yield* connection.reconnect()
      yield* settle
      yield* TestClock.adjust("1 second")
      yield* settle
      assert.deepStrictEqual(log, ["open 1", "released 1", "open 2"])
      const closing = yield* beside(connection.close())
      yield* settle
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(closing)
    }))

  it.effect("runs in each session, is interrupted at its end, and has ended before the next one opens", () =>
    Effect.gen(function*() {
      const { connection, cut, peer } = yield* open()
      const log: Array<string> = []
      yield* beside(
        connection.withSessions((session) =>
          Effect.acquireRelease(
            Effect.sync(() => log.push(`acquire ${session.id}`)),
            () =>
              Effect.andThen(
                session.id === 1 ? Effect.sleep("5 seconds") : Effect.void,
                Effect.sync(() => log.push(`release ${session.id}`))
              )
          ).pipe(Effect.andThen(Effect.never))
        )
      )
      yield* beside(
        Stream.runForEach(connection.changes, ({ _tag }) => Effect.sync(() => log.push(_tag)))
      )
      yield* settle
      const seconding = yield* beside(cut(peer))
      yield* TestClock.adjust("4 seconds")
      // The dial is done, but nobody may use it yet.
      assert.deepStrictEqual(log, ["acquire 1", "Open", "Waiting", "Connecting"])
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(seconding)
      assert.deepStrictEqual(log, ["acquire 1", "Open", "Waiting", "Connecting", "release 1", "Open", "acquire 2"])
    }))

  it.effect("its first message is the session's first, in every session", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* connect()
      const seen: Array<ReadonlyArray<unknown>> = []
      yield* beside(
        connection.withSessions((session) =>
          Stream.runForEach(session.messages, (message) => Effect.sync(() => seen.push([session.id, message])))
        )
      )
      for (let i = 0; i < 3; i++) {
        const peer = yield* server.peer
        // In the same turn in which it was accepted.
        yield* peer.send("first")
        yield* peer.send("last")
        yield* peer.drop
        yield* settle
        yield* TestClock.adjust("1 second")
      }
      assert.deepStrictEqual(seen, [1, 2, 3].flatMap((id) => [[id, "first"], [id, "last"]]))
    }))

  it.effect("what it acquires and forks lives as long as the session, though it has returned", () =>
    Effect.gen(function*() {
      const { connection, cut, peer } = yield* open()
      const log: Array<string> = []
      yield* beside(
        connection.withSessions((session) =>
          Effect.gen(function*() {
            yield* Effect.forkScoped(
              Effect.forever(Effect.andThen(Effect.sleep("1 minute"), session.send(`beat ${session.id}`)))
            )
            yield* Effect.addFinalizer(() => Effect.sync(() => log.push(`end ${session.id}`)))
          })
        )
      )
      yield* settle
      yield* TestClock.adjust("2 minutes")
      assert.deepStrictEqual(yield* peer.received, ["beat 1", "beat 1"])
      assert.deepStrictEqual(log, [])
      const second = yield* cut(peer)
      assert.deepStrictEqual(log, ["end 1"])
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* second.received, ["beat 2"])
    }))

  it.effect("a failure of it ends the whole, and nobody else's session", () =>
    Effect.gen(function*() {
      const { connection, peer } = yield* open()
      const log: Array<string> = []
      const error = yield* Effect.flip(connection.withSessions(() =>
        Effect.andThen(
          Effect.addFinalizer(() => Effect.sync(() => log.push("released"))),
          Effect.fail("mine" as const)
        )
      ))
      assert.strictEqual(error, "mine")
      assert.deepStrictEqual(log, ["released"])
      yield* settle
      assert.isTrue(isOpen(yield* connection.status))
      yield* connection.send("still here")
      assert.strictEqual(yield* peer.receive, "still here")
    }))

  it.effect("a defect in it is the caller's, and nobody else's", () =>
    Effect.gen(function*() {
      const { connection } = yield* open()
      const exit = yield* Effect.exit(connection.withSessions(() => Effect.die(new Error("bug"))))
      assert.isTrue(Exit.isFailure(exit) && Cause.hasDies(exit.cause))
      yield* settle
      assert.isTrue(isOpen(yield* connection.status))
    }))

  it.effect("a failure that comes of the session's end is no failure of it", () =>
    Effect.gen(function*() {
      const { connection, cut, peer } = yield* open()
      const seen: Array<number> = []
      const running = yield* beside(
        connection.withSessions((session) =>
          Effect.andThen(Effect.sync(() => seen.push(session.id)), Effect.forever(session.receive))
        )
      )
      const sending = yield* beside(
        connection.withSessions((session) =>
          Effect.forever(Effect.andThen(Effect.sleep("100 millis"), session.send("x")))
        )
      )
      yield* cut(yield* cut(peer))
      assert.deepStrictEqual(seen, [1, 2, 3])
      assert.isUndefined(running.pollUnsafe())
      assert.isUndefined(sending.pollUnsafe())
    }))

  it.effect("succeeds when we close, and fails when the connection gives up", () =>
    Effect.gen(function*() {
      const ours = yield* open()
      const using = yield* beside(ours.connection.withSessions(() => Effect.never))
      yield* settle
      yield* ours.connection.close()
      yield* Fiber.join(using)
      const theirs = yield* open({ reconnect: Reconnect.layerNever })
      const failing = yield* beside(Effect.flip(theirs.connection.withSessions(() => Effect.never)))
      yield* settle
      yield* theirs.peer.close(4004)
      const error: ConnectionError = yield* Fiber.join(failing)
      assert.strictEqual(error.reason._tag, "ApplicationClose")
    }))

  it.effect("interrupting it releases what it held, and leaves the session be", () =>
    Effect.gen(function*() {
      const { connection } = yield* open()
      const log: Array<string> = []
      const using = yield* beside(
        connection.withSessions(() => Effect.addFinalizer(() => Effect.sync(() => log.push("released"))))
      )
      yield* settle
      assert.deepStrictEqual(log, [])
      yield* Fiber.interrupt(using)
      assert.deepStrictEqual(log, ["released"])
      assert.isTrue(isOpen(yield* connection.status))
      assert.strictEqual((connection as any).supervisor.inbox.fanOut.subscriptions.length, 0)
    }))

  it.effect("runs in the context of who calls it", () =>
    Effect.gen(function*() {
      const { connection } = yield* open()
      const names: Array<string> = []
      yield* connection.withSessions(() =>
        Effect.flatMap(Name, (name) => Effect.andThen(Effect.sync(() => names.push(name)), Effect.fail("enough")))
      ).pipe(Effect.provideService(Name, "mine"), Effect.flip)
      assert.deepStrictEqual(names, ["mine"])
    }))

  it.effect("is not run again in the same session", () =>
    Effect.gen(function*() {
      const { connection, cut, peer } = yield* open()
      const sessions: Array<Session> = []
      yield* beside(connection.withSessions((session) => Effect.sync(() => sessions.push(session))))
      yield* settle
      assert.deepStrictEqual(sessions.map(({ id }) => id), [1])
      yield* cut(peer)
      assert.deepStrictEqual(sessions.map(({ id }) => id), [1, 2])
    }))
})

describe("changes and events", () => {
  it.effect("hold nothing up: who is slow misses the oldest beyond 1 024, and nobody else does", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* open()
      const slowly = <A>(stream: Stream.Stream<A>) =>
        Effect.gen(function*() {
          const seen: Array<A> = []
          yield* beside(
            Stream.runForEach(stream, (value) =>
              Effect.andThen(
                seen.length === 0 ? Effect.sleep("1 hour") : Effect.void,
                Effect.sync(() => seen.push(value))
              ))
          )
          return seen
        })
      const attempts = yield* slowly(connection.changes)
      const failures = yield* slowly(connection.events)
      const all = yield* collect(connection.changes)
      yield* server.refuse("ECONNREFUSED")
      yield* connection.reconnect()
      yield* settle
      yield* TestClock.adjust("700 seconds")
      assert.strictEqual((yield* server.dials).length, 702)
      yield* server.accept()
      yield* TestClock.adjust("2899 seconds")
      assert.strictEqual(all.length, 1 + 2 * 701 + 2)
      assert.deepStrictEqual([attempts, failures], [[], []])
      yield* TestClock.adjust("1 second")
      // What had been handed over, then the newest.
      assert.isAtMost(attempts.length, 1026)
      assert.deepStrictEqual(attempts.slice(-1000), all.slice(-1000))
      assert.isAtMost(failures.length, 1026)
      assert.strictEqual(failures.at(-1)?._tag, "Opened")
    }))
})
