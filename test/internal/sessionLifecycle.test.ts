import { assert, describe, it } from "@effect/vitest"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { TestClock } from "effect/testing"
import * as Reconnect from "../../src/Reconnect.ts"
import { collect, connect, settle, tags } from "../support/connect.ts"

describe("a stable session", () => {
  it.effect("is measured by the monotonic clock, from Open to its end", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* connect({
        handshake: { greet: () => Effect.sleep("5 seconds") },
        reconnect: Reconnect.layer({ schedule: Schedule.spaced("1 second"), resetAfter: "10 seconds" })
      })
      const attemptAfter = (uptime: Duration.Input) =>
        Effect.gen(function*() {
          yield* settle
          yield* TestClock.adjust("5 seconds")
          yield* TestClock.adjust(uptime)
          yield* Effect.flatMap(server.peer, (peer) => peer.drop)
          yield* settle
          const status = yield* connection.status
          yield* TestClock.adjust("1 second")
          return status._tag === "Waiting" ? status.attempt : undefined
        })
      assert.strictEqual(yield* attemptAfter("9999 millis"), 2)
      assert.strictEqual(yield* attemptAfter("9999 millis"), 3)
      assert.strictEqual(yield* attemptAfter("10 seconds"), 1)
      assert.strictEqual(yield* attemptAfter("1 second"), 2)
    }))
})

describe("a session", () => {
  it.effect("says what went before it: the downtime and the error", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* connect()
      yield* connection.awaitOpen
      const events = yield* collect(connection.events)
      yield* Effect.flatMap(server.peer, (peer) => peer.close(1001))
      yield* settle
      yield* TestClock.adjust("1 second")
      const [disconnected, , , opened] = events
      assert.deepStrictEqual(tags(events), ["Disconnected", "WaitScheduled", "Dialling", "Opened"])
      assert(disconnected?._tag === "Disconnected" && opened?._tag === "Opened")
      assert.deepStrictEqual([disconnected.session, opened.session, opened.attempt], [1, 2, 2])
      assert(opened.previous._tag === "Some")
      assert.strictEqual(opened.previous.value, disconnected.error)
    }))

  it.effect("ends with a heartbeat that stops by itself, and the next one is opened", () =>
    Effect.gen(function*() {
      let beats = 0
      const { connection } = yield* connect({
        handshake: {
          greet: () =>
            Effect.succeed({
              heartbeat: Effect.suspend(() => ++beats === 1 ? Effect.fail("no answer") : Effect.never)
            })
        }
      })
      yield* settle
      const status = yield* connection.status
      assert(status._tag === "Waiting")
      assert.strictEqual(status.cause.reason._tag, "GreetingFailed")
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* connection.awaitOpen).id, 2)
    }))
})
