import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { TestClock } from "effect/testing"
import * as Connection from "../../src/Connection.ts"
import type { ConnectionError } from "../../src/ConnectionError.ts"
import * as Reconnect from "../../src/Reconnect.ts"
import { beside, connect, failureOf, parts, settle, type Setup } from "../support/connect.ts"

const defectOf = <A, E>(effect: Effect.Effect<A, E>) => Effect.catchDefect(effect, Effect.succeed)

describe("a defect in the user's own part is a bug, not an outage", () => {
  const bug = new Error("a bug")
  const throws = (): never => {
    throw bug
  }
  const broken: Record<string, Setup> = {
    "url, an effect": { handshake: { url: Effect.die(bug) } },
    "url, a function that throws": { handshake: { url: throws } },
    headers: { handshake: { headers: Effect.die(bug) } },
    subprotocols: { handshake: { subprotocols: throws } },
    greet: { handshake: { greet: () => Effect.die(bug) } },
    "greet, which throws": { handshake: { greet: throws } },
    "greet, while the link ends": {
      handshake: { greet: (session) => Effect.andThen(session.end(), Effect.die(bug)) }
    },
    classify: {
      reconnect: Reconnect.layer({ classify: throws }),
      server: (server) => server.refuse("ECONNREFUSED")
    },
    "the schedule": {
      reconnect: Reconnect.layer({ schedule: Schedule.fromStep(Effect.succeed(() => Effect.die(bug))) }),
      server: (server) => server.refuse("ECONNREFUSED")
    }
  }
  for (const [part, setup] of Object.entries(broken)) {
    it.effect(`${part}: the connection closes, and whatever waits on it dies with that defect`, () =>
      Effect.gen(function*() {
        const logged: Array<unknown> = []
        const logger = Logger.make(({ logLevel, message }) => void (logLevel === "Error" && logged.push(message)))
        const { connection, server } = yield* Effect.provide(
          connect({ ...setup, connection: { start: "lazy" } }),
          Logger.layer([logger])
        )
        const asked: ReadonlyArray<Effect.Effect<unknown, ConnectionError>> = [
          connection.awaitOpen,
          connection.await,
          connection.send("hello"),
          connection.withSessions(() => Effect.never),
          Stream.runDrain(connection.messages),
          Stream.runDrain(connection.sessions),
          Effect.scoped(Effect.flatten(connection.subscribe)) as Effect.Effect<unknown, ConnectionError>
        ]
        const waiting = yield* Effect.forEach(asked, (effect) => beside(defectOf(effect)))
        yield* settle
        assert.strictEqual((yield* connection.status)._tag, "Closed")
        for (const fiber of waiting) assert.deepStrictEqual(fiber.pollUnsafe(), Exit.succeed(bug))
        for (const effect of asked) assert.strictEqual(yield* defectOf(effect), bug)
        yield* TestClock.adjust("1 hour")
        assert.isAtMost((yield* server.dials).length, 1)
        assert.strictEqual(yield* server.openLinks, 0)
        assert.strictEqual(logged.length, 1)
        yield* connection.close()
      }))
  }

  it.effect("start: awaitOpen dies with it", () =>
    Effect.gen(function*() {
      const { layer } = yield* parts({ handshake: { url: Effect.die(bug) } })
      const built = Effect.scoped(Layer.build(Layer.provide(Connection.layer({ start: "awaitOpen" }), layer)))
      assert.strictEqual(yield* defectOf(built), bug)
    }))
})

describe("a connection that gave up", () => {
  it.effect("tells whoever waits, and whoever comes late, why", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* connect()
      yield* connection.awaitOpen
      const waiting = yield* beside(failureOf(connection.await))
      yield* Effect.flatMap(server.peer, (peer) => peer.close(1008, "banned"))
      yield* settle
      const status = yield* connection.status
      assert(status._tag === "Closed" && status.cause._tag === "Some")
      assert.deepStrictEqual(waiting.pollUnsafe(), Exit.succeed(status.cause.value))
      for (const late of [connection.await, connection.awaitOpen, Stream.runDrain(connection.messages)]) {
        assert.strictEqual(yield* failureOf(Effect.asVoid(late)), status.cause.value)
      }
    }))
})
