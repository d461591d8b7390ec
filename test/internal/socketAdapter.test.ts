import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import * as Socket from "effect/socket/Socket"
import { TestClock } from "effect/testing"
import type { ConnectionService } from "../../src/Connection.ts"
import * as Heartbeat from "../../src/Heartbeat.ts"
import * as Reconnect from "../../src/Reconnect.ts"
import { beside, connect, settle } from "../support/connect.ts"

/** A reader of the connection's socket, and what closes it. */
const acquire = Effect.fnUntraced(function*(connection: ConnectionService) {
  const scope = yield* Effect.acquireRelease(Scope.make(), (scope) => Scope.close(scope, Exit.void))
  const { pull } = yield* Scope.provide(connection.socket.reader, scope)
  return { pull, release: Scope.close(scope, Exit.void) }
})

const reasonOf = <A>(effect: Effect.Effect<A, Socket.SocketError>) =>
  Effect.map(Effect.flip(effect), (error) => error.reason)

describe("the reader", () => {
  it.effect("waits for the next open session and subscribes to it", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* connect({
        connection: { start: "lazy" },
        server: (server) => server.next.refuse("ECONNREFUSED")
      })
      const acquiring = yield* beside(acquire(connection))
      yield* settle
      assert.isUndefined(acquiring.pollUnsafe())
      yield* TestClock.adjust("1 second")
      const { pull } = yield* Fiber.join(acquiring)
      const peer = yield* server.peer
      yield* peer.send("one")
      yield* peer.send(new Uint8Array([2]))
      yield* settle
      assert.deepStrictEqual(yield* pull, ["one", new Uint8Array([2])])
    }))

  it.effect("is interrupted while it waits, and leaves nothing behind", () =>
    Effect.gen(function*() {
      const { connection } = yield* connect({ server: (server) => server.stall })
      const acquiring = yield* beside(acquire(connection))
      yield* settle
      yield* Fiber.interrupt(acquiring)
    }))

  it.effect("pull fails with the close code and reason when its session ends, after the last message", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* connect()
      const { pull } = yield* acquire(connection)
      const peer = yield* server.peer
      yield* peer.send("last")
      yield* peer.close(4004, "unknown")
      yield* settle
      assert.deepStrictEqual(yield* pull, ["last"])
      for (let i = 0; i < 2; i++) {
        const reason = yield* reasonOf(pull)
        assert(reason._tag === "SocketCloseError")
        assert.deepStrictEqual([reason.code, reason.closeReason], [4004, "unknown"])
      }
      // The next session is the next reader's.
      yield* TestClock.adjust("1 second")
      const next = yield* acquire(connection)
      yield* (yield* server.peer).send("new")
      assert.deepStrictEqual(yield* next.pull, ["new"])
      assert.strictEqual((yield* reasonOf(pull))._tag, "SocketCloseError")
    }))

  it.effect("pull fails with SocketReadError where there was no close", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* connect({
        heartbeat: Heartbeat.layer({ interval: "10 seconds", timeout: "5 seconds" })
      })
      const { pull } = yield* acquire(connection)
      const pulling = yield* beside(reasonOf(pull))
      yield* Effect.flatMap(server.peer, (peer) => peer.blackhole({ inbound: true }))
      yield* TestClock.adjust("15 seconds")
      const reason = yield* Fiber.join(pulling)
      assert(reason._tag === "SocketReadError")
      assert.include(String(reason.cause), "silent")
    }))

  it.effect("closing its scope fails a suspended pull, and closes nothing", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* connect()
      const { pull, release } = yield* acquire(connection)
      const pulling = yield* beside(Effect.exit(pull))
      yield* settle
      assert.isUndefined(pulling.pollUnsafe())
      yield* release
      assert(Exit.isFailure(yield* Fiber.join(pulling)))
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* connection.status)._tag, "Open")
      assert.strictEqual((yield* server.dials).length, 1)
    }))

  it.effect("fails with SocketOpenError once the connection is closed for good", () =>
    Effect.gen(function*() {
      const { connection } = yield* connect({
        reconnect: Reconnect.layerNever,
        server: (s) => s.refuse("ECONNREFUSED")
      })
      const waiting = yield* beside(reasonOf(Effect.scoped(connection.socket.reader)))
      yield* settle
      const late = yield* reasonOf(Effect.scoped(connection.socket.reader))
      for (const reason of [yield* Fiber.join(waiting), late]) {
        assert(reason._tag === "SocketOpenError")
        assert.include(String(reason.cause), "ECONNREFUSED")
      }
    }))

  it.effect("dies with the defect that closed the connection", () =>
    Effect.gen(function*() {
      const { connection } = yield* connect({
        handshake: { greet: () => Effect.asVoid(Effect.forkScoped(Effect.delay(Effect.die("a bug"), "1 second"))) }
      })
      const { pull } = yield* acquire(connection)
      const pulling = yield* beside(Effect.catchDefect(pull, Effect.succeed))
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* Fiber.join(pulling), "a bug")
      assert.strictEqual(
        yield* Effect.catchDefect(Effect.scoped(connection.socket.reader), Effect.succeed),
        "a bug"
      )
    }))
})

describe("the writer", () => {
  for (const whileDisconnected of ["suspend", "fail", "drop", { buffer: {} }] as const) {
    it.effect(`suspends while disconnected, whatever whileDisconnected: ${JSON.stringify(whileDisconnected)}`, () =>
      Effect.gen(function*() {
        const { connection, server } = yield* connect({
          connection: { outbound: { whileDisconnected } },
          server: (server) => server.next.refuse("ECONNREFUSED")
        })
        yield* settle
        const { write, writeAll } = yield* connection.socket.writer
        const writing = yield* beside(Effect.andThen(write("one"), writeAll(["two", new Uint8Array([3])])))
        yield* settle
        assert.isUndefined(writing.pollUnsafe())
        yield* TestClock.adjust("1 second")
        yield* Fiber.join(writing)
        yield* settle
        const received = yield* Effect.flatMap(server.peer, (peer) => peer.received)
        assert.deepStrictEqual(received, ["one", "two", new Uint8Array([3])])
      }))
  }

  it.effect("is never failed by a lost session: the reader reports it, the write goes to the next", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* connect({
        connection: { outbound: { whileDisconnected: "fail", highWaterMark: 4 } }
      })
      yield* connection.awaitOpen
      const peer = yield* server.peer
      yield* peer.pauseReading
      const { write } = yield* connection.socket.writer
      yield* write("fills the buffer")
      const writing = yield* beside(write("suspended"))
      yield* settle
      yield* peer.drop
      yield* settle
      assert.isUndefined(writing.pollUnsafe())
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(writing)
      yield* settle
      assert.deepStrictEqual(yield* Effect.flatMap(server.peer, (next) => next.received), ["suspended"])
    }))

  it.effect("releasing it closes nothing", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* connect()
      yield* Effect.scoped(Effect.flatMap(connection.socket.writer, ({ write }) => write("one")))
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* connection.status)._tag, "Open")
      assert.strictEqual((yield* server.dials).length, 1)
    }))

  it.effect("a written CloseEvent ends the session, and the connection dials again", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* connect()
      const { pull } = yield* acquire(connection)
      const { write } = yield* connection.socket.writer
      yield* write(new Socket.CloseEvent(4005, "enough"))
      const peer = yield* server.peer
      assert.deepStrictEqual(yield* peer.closed, { code: 4005, reason: "enough" })
      const reason = yield* reasonOf(pull)
      assert(reason._tag === "SocketCloseError")
      assert.strictEqual(reason.code, 4005)
      yield* TestClock.adjust("1 second")
      const status = yield* connection.status
      assert(status._tag === "Open" && status.session === 2)
    }))

  it.effect("a CloseEvent while no session is open is of no consequence", () =>
    Effect.gen(function*() {
      const { connection } = yield* connect({ server: (server) => server.next.refuse("ECONNREFUSED") })
      yield* settle
      const { write } = yield* connection.socket.writer
      yield* write(new Socket.CloseEvent())
      assert.strictEqual((yield* connection.status)._tag, "Waiting")
    }))

  it.effect("fails with SocketWriteError once the connection is closed for good", () =>
    Effect.gen(function*() {
      const { connection } = yield* connect()
      yield* connection.awaitOpen
      const { write } = yield* connection.socket.writer
      yield* connection.close()
      assert.strictEqual((yield* reasonOf(write("late")))._tag, "SocketWriteError")
      yield* write(new Socket.CloseEvent())
    }))
})
