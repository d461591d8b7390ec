import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { TestClock } from "effect/testing"
import type { ConnectionService } from "../../src/Connection.ts"
import type { TestServer } from "../../src/testing/TestServer.ts"
import { beside, connect, settle } from "../support/connect.ts"

/** Who waits to be told of sessions, and how many subscriptions there are. */
const held = (connection: ConnectionService): { readonly watchers: number; readonly subscriptions: number } => {
  const { supervisor } = connection as unknown as {
    readonly supervisor: {
      readonly lifecycle: { readonly watchers: Set<unknown> | undefined }
      readonly inbox: { readonly fanOut: { readonly subscriptions: ReadonlyArray<unknown> } }
    }
  }
  return {
    watchers: supervisor.lifecycle.watchers?.size ?? 0,
    subscriptions: supervisor.inbox.fanOut.subscriptions.length
  }
}

const nextSession = (connection: ConnectionService, server: TestServer) =>
  Effect.gen(function*() {
    yield* connection.reconnect()
    const peer = yield* server.peer
    yield* settle
    return peer
  })

describe("who waits for sessions", () => {
  it.effect("leaves nothing behind when it is done, or interrupted", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* connect({ server: (server) => server.next.refuse("ECONNREFUSED") })
      yield* settle
      const before = held(connection).watchers
      const waiting = [
        yield* beside(connection.awaitOpen),
        yield* beside(Stream.runDrain(connection.sessions)),
        yield* beside(connection.withSessions(() => Effect.never))
      ]
      assert.strictEqual(held(connection).watchers, before + 3)
      yield* Fiber.interruptAll(waiting)
      assert.deepStrictEqual(held(connection), { watchers: before, subscriptions: 0 })
      const open = yield* beside(connection.awaitOpen)
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(open)
      yield* server.peer
      assert.strictEqual(held(connection).watchers, before)
    }))

  it.effect("a session that was overtaken before it was taken is let go", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* connect()
      yield* server.peer
      yield* settle
      yield* beside(Stream.runForEach(connection.sessions, () => Effect.never))
      yield* settle
      yield* nextSession(connection, server)
      // One waits in the reader's hands, which took the first.
      assert.strictEqual(held(connection).subscriptions, 1)
      for (let i = 0; i < 5; i++) yield* nextSession(connection, server)
      assert.strictEqual(held(connection).subscriptions, 1)
    }))

  it.effect("a session that has ended meanwhile is handed to nobody", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* connect()
      const peer = yield* server.peer
      yield* settle
      const ids: Array<number> = []
      const turn = yield* beside(
        Stream.runForEach(connection.sessions, ({ id }) =>
          Effect.andThen(Effect.sync(() => ids.push(id)), Effect.sleep("10 seconds")))
      )
      yield* settle
      yield* nextSession(connection, server)
      const third = yield* nextSession(connection, server)
      yield* server.refuse("ECONNREFUSED")
      yield* third.drop
      yield* peer.drop
      yield* TestClock.adjust("20 seconds")
      assert.deepStrictEqual(ids, [1])
      yield* server.accept()
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(ids, [1, 4])
      yield* Fiber.interrupt(turn)
    }))
})

describe("the fiber of `use`", () => {
  it.effect("is interrupted before what it acquired is released, in reverse order of acquisition", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* connect()
      yield* server.peer
      yield* settle
      const log: Array<string> = []
      yield* beside(connection.withSessions((session) =>
        Effect.gen(function*() {
          yield* Effect.addFinalizer(() => Effect.sync(() => log.push(`first of ${session.id}`)))
          // Acquired long after it has begun.
          yield* Effect.sleep("1 second")
          yield* Effect.addFinalizer(() => Effect.sync(() => log.push(`second of ${session.id}`)))
          return yield* Effect.onInterrupt(Effect.never, () => Effect.sync(() => log.push(`use of ${session.id}`)))
        })
      ))
      yield* TestClock.adjust("2 seconds")
      yield* nextSession(connection, server)
      assert.deepStrictEqual(log, ["use of 1", "second of 1", "first of 1"])
    }))

  it.effect("several at once are each told of every session, and end for themselves", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* connect()
      yield* server.peer
      yield* settle
      const log: Array<string> = []
      const using = (name: string) =>
        beside(
          connection.withSessions((session) =>
            Effect.andThen(
              Effect.sync(() => log.push(`${name} ${session.id}`)),
              name === "b" && session.id === 2 ? Effect.fail("enough") : Effect.never
            )
          ).pipe(Effect.ignore)
        )
      yield* using("a")
      const b = yield* using("b")
      yield* settle
      yield* nextSession(connection, server)
      yield* nextSession(connection, server)
      // In which order several are told is nobody's to rely on.
      assert.deepStrictEqual(log.toSorted(), ["a 1", "a 2", "a 3", "b 1", "b 2"])
      assert.isDefined(b.pollUnsafe())
    }))

  it.effect("may end its own session, close the connection, or ask for another session", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* connect()
      const log: Array<number> = []
      const using = yield* beside(connection.withSessions((session) =>
        Effect.gen(function*() {
          log.push(session.id)
          if (session.id === 1) yield* session.end({ code: 4000 })
          if (session.id === 2) yield* connection.reconnect()
          if (session.id === 3) yield* connection.close()
          return yield* Effect.never
        })
      ))
      yield* server.peer
      yield* settle
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(using)
      assert.deepStrictEqual(log, [1, 2, 3])
      assert.strictEqual((yield* connection.status)._tag, "Closed")
      assert.strictEqual(yield* server.openLinks, 0)
    }))
})
