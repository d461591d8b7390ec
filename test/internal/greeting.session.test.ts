import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import { TestClock } from "effect/testing"
import { ConnectionError, HeartbeatTimeout } from "../../src/ConnectionError.ts"
import type { GreetSession } from "../../src/Handshake.ts"
import * as Heartbeat from "../../src/Heartbeat.ts"
import { beside, collect, connect, settle, tags } from "../support/connect.ts"

/** Forks an effect into the session. */
const forking = <E>(effect: Effect.Effect<unknown, E>) => (_session: GreetSession) =>
  Effect.asVoid(Effect.forkScoped(effect))

describe("what greet forks into the session", () => {
  it.effect("lives as long as the session", () =>
    Effect.gen(function*() {
      const log: Array<string> = []
      let session = 0
      const { connection, server } = yield* connect({
        handshake: {
          greet: () =>
            Effect.suspend(() => {
              const name = `session ${++session}`
              log.push(`${name} began`)
              return Effect.asVoid(Effect.forkScoped(
                Effect.onInterrupt(Effect.never, () => Effect.sync(() => void log.push(`${name} ended`)))
              ))
            })
        }
      })
      yield* connection.awaitOpen
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(log, ["session 1 began"])
      yield* Effect.flatMap(server.peer, (peer) => peer.drop)
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(log, ["session 1 began", "session 1 ended", "session 2 began"])
      yield* connection.reconnect()
      yield* settle
      assert.deepStrictEqual(log.slice(3), ["session 2 ended", "session 3 began"])
      yield* connection.close()
      assert.deepStrictEqual(log.slice(5), ["session 3 ended"])
    }))

  it.effect("its finalizers are awaited before the next session is greeted", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* connect({
        handshake: { greet: forking(Effect.onInterrupt(Effect.never, () => Effect.sleep("10 seconds"))) }
      })
      yield* connection.awaitOpen
      yield* Effect.flatMap(server.peer, (peer) => peer.drop)
      yield* settle
      yield* TestClock.adjust("9 seconds")
      assert.strictEqual((yield* connection.status)._tag, "Connecting")
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* connection.status)._tag, "Open")
      yield* connection.reconnect()
      yield* settle
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual((yield* connection.status)._tag, "Open")
      // Whatever is being released when the connection is closed is waited for, too.
      yield* server.peer
      yield* Effect.flatMap(server.peer, (peer) => peer.drop)
      yield* settle
      const closing = yield* beside(connection.close())
      yield* settle
      yield* TestClock.adjust("9 seconds")
      assert.isUndefined(closing.pollUnsafe())
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(closing)
    }))

  it.effect("a failure of it ends the session with that failure", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* connect({
        handshake: { greet: forking(Effect.delay(Effect.fail("resume token expired"), "1 minute")) }
      })
      const session = yield* connection.awaitOpen
      const peer = yield* server.peer
      yield* TestClock.adjust("1 minute")
      const { reason } = yield* session.ended
      assert(reason._tag === "GreetingFailed")
      assert.strictEqual(reason.cause, "resume token expired")
      assert.strictEqual((yield* peer.closed).code, 1011)
      assert.strictEqual((yield* connection.status)._tag, "Waiting")
    }))

  it.effect("a ConnectionError of it is passed on", () =>
    Effect.gen(function*() {
      const error = new ConnectionError({
        reason: new HeartbeatTimeout({
          silentFor: Duration.seconds(41),
          interval: Duration.seconds(41),
          timeout: Duration.zero
        })
      })
      const { connection } = yield* connect({ handshake: { greet: forking(Effect.delay(Effect.fail(error), 1000)) } })
      const session = yield* connection.awaitOpen
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* session.ended, error)
    }))

  it.effect("also where it failed before greet returned", () =>
    Effect.gen(function*() {
      const { connection } = yield* connect({
        connection: { start: "lazy" },
        handshake: {
          greet: (session) => Effect.andThen(forking(Effect.fail("too early"))(session), Effect.sleep("2 seconds"))
        }
      })
      const events = yield* collect(connection.events)
      yield* connection.reconnect()
      yield* TestClock.adjust("2 seconds")
      const ended = events.find((event) => event._tag === "Disconnected" || event._tag === "AttemptFailed")
      assert(ended !== undefined && "error" in ended && ended.error.reason._tag === "GreetingFailed")
      assert.strictEqual(ended.error.reason.cause, "too early")
      assert.strictEqual((yield* connection.status)._tag, "Waiting")
    }))

  it.effect("a defect of it closes the connection", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* connect({
        handshake: { greet: forking(Effect.delay(Effect.die("a bug"), 1)) }
      })
      yield* connection.awaitOpen
      yield* TestClock.adjust(1)
      assert.strictEqual((yield* connection.status)._tag, "Closed")
      assert.strictEqual(yield* Effect.catchDefect(connection.await, Effect.succeed), "a bug")
      assert.strictEqual(yield* server.openLinks, 0)
    }))
})

describe("a heartbeat that greet returns", () => {
  const dead = new ConnectionError({
    reason: new HeartbeatTimeout({
      silentFor: Duration.seconds(9),
      interval: Duration.seconds(9),
      timeout: Duration.zero
    })
  })
  const never = Heartbeat.layer({ interval: "1 second", timeout: "1 second" })

  it.effect("replaces Heartbeat for this session", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* connect({
        heartbeat: never,
        handshake: { greet: () => Effect.succeed({ heartbeat: Effect.delay(Effect.fail(dead), "1 hour") }) }
      })
      const session = yield* connection.awaitOpen
      const peer = yield* server.peer
      // What Heartbeat would notice within 2 seconds.
      yield* peer.blackhole({ inbound: true, outbound: true })
      yield* TestClock.adjust("59 minutes")
      assert.strictEqual((yield* connection.status)._tag, "Open")
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(yield* session.ended, dead)
      assert.strictEqual(yield* server.openLinks, 0)
    }))

  it.effect("may send with greet's session, and dies with it", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* connect({
        heartbeat: never,
        handshake: {
          greet: (session) =>
            Effect.succeed({
              heartbeat: Effect.forever(Effect.andThen(Effect.sleep("10 seconds"), session.send("beat")))
            })
        }
      })
      const peer = yield* server.peer
      yield* TestClock.adjust("30 seconds")
      assert.deepStrictEqual(yield* peer.received, ["beat", "beat", "beat"])
      yield* connection.reconnect()
      yield* settle
      yield* TestClock.adjust("30 seconds")
      assert.strictEqual((yield* peer.received).length, 3)
      assert.strictEqual((yield* Effect.flatMap(server.peer, (next) => next.received)).length, 3)
    }))

  it.effect("fails with anything: the session ends with GreetingFailed around it", () =>
    Effect.gen(function*() {
      const { connection } = yield* connect({
        handshake: { greet: () => Effect.succeed({ heartbeat: Effect.delay(Effect.fail("no ack"), "1 second") }) }
      })
      const session = yield* connection.awaitOpen
      const statuses = yield* collect(connection.changes)
      yield* TestClock.adjust("1 second")
      const { reason } = yield* session.ended
      assert(reason._tag === "GreetingFailed" && reason.cause === "no ack")
      assert.deepStrictEqual(tags(statuses), ["Open", "Waiting"])
    }))

  for (const [how, heartbeat] of [["returns", Effect.void], ["is interrupted", Effect.interrupt]] as const) {
    it.effect(`${how}: the session ends with it, since it would not be watched`, () =>
      Effect.gen(function*() {
        const { connection } = yield* connect({
          handshake: {
            greet: () =>
              Effect.succeed({ heartbeat: Effect.andThen(Effect.sleep("1 second"), heartbeat) as Effect.Effect<never> })
          }
        })
        const session = yield* connection.awaitOpen
        yield* TestClock.adjust("1 second")
        const { reason } = yield* session.ended
        assert(reason._tag === "GreetingFailed" && reason.cause === "its heartbeat stopped")
      }))
  }

  it.effect("anything else that greet returns is of no interest", () =>
    Effect.gen(function*() {
      for (const value of [undefined, null, 1, "text", {}, { heartbeat: "often" }]) {
        const { connection } = yield* connect({ handshake: { greet: () => Effect.succeed(value as never) } })
        yield* connection.awaitOpen
      }
    }))

  it.effect("the guard of Heartbeat is given the link and the attempt", () =>
    Effect.gen(function*() {
      const seen: Array<unknown> = []
      const { connection } = yield* connect({
        heartbeat: Layer.succeed(Heartbeat.Heartbeat, {
          guard: (link, context) =>
            Effect.andThen(Effect.sync(() => seen.push(link.endpoint, context?.attempt)), Effect.never)
        }),
        server: (server) => server.next.refuse("ECONNREFUSED")
      })
      yield* TestClock.adjust("1 second")
      yield* connection.awaitOpen
      assert.deepStrictEqual(seen, ["ws://server.test/feed", 2])
    }))
})
