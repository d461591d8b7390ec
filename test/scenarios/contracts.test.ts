// Contracts of real services, in virtual time: hours of them in one test. Those that have an example of their own
// (Discord, Slack, Binance) are tested with it; nginx's (43) is kept by nginx itself, in the chaos.
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import { TestClock } from "effect/testing"
import * as Heartbeat from "../../src/Heartbeat.ts"
import * as Reconnect from "../../src/Reconnect.ts"
import type { TestPeer, TestServer } from "../../src/testing/TestServer.ts"
import { beside, collect, connect, settle } from "../support/connect.ts"

const minute = 60_000

/** Serves every peer by a contract, each in a fiber of its own. */
const serve = (server: TestServer, contract: (peer: TestPeer) => Effect.Effect<unknown>) =>
  beside(Effect.forever(Effect.flatMap(server.peer, (peer) => beside(contract(peer)))))

/** Cuts a connection on which nothing was heard from the client for so long; looks every second. */
const cutWhenIdle = (heard: () => number, limit: number, cut: Effect.Effect<void>) =>
  Effect.gen(function*() {
    const clock = yield* Clock.clockWith(Effect.succeed)
    while (clock.currentTimeMillisUnsafe() - heard() < limit) yield* Effect.sleep("1 second")
    yield* cut
  })

describe("real contracts", () => {
  it.effect(
    "42. API-gateway-like: idle cut at 10 min with 1001, hard cut at 2 h, frames above 32 KiB refused with 1009",
    () =>
      Effect.gen(function*() {
        const { connection, server } = yield* connect({
          // Such a gateway answers pings itself and does not count them as traffic; a message does count.
          heartbeat: Heartbeat.layerMessage({ interval: "5 minutes", timeout: "1 minute", message: "{}" }),
          reconnect: Reconnect.layer({ schedule: Schedule.spaced("1 second") })
        })
        yield* serve(server, (peer) =>
          Effect.gen(function*() {
            const clock = yield* Clock.clockWith(Effect.succeed)
            let last = clock.currentTimeMillisUnsafe()
            yield* Effect.forkChild(Effect.forever(Effect.flatMap(peer.receive, (message) => {
              last = clock.currentTimeMillisUnsafe()
              // The answer, as life.
              return message.length > 32 * 1024 ? peer.close(1009) : peer.send("{}")
            })))
            yield* Effect.forkChild(cutWhenIdle(() => last, 10 * minute, peer.close(1001, "Going away")))
            yield* Effect.sleep("2 hours")
            yield* peer.close(1001, "Going away")
          }))
        const events = yield* collect(connection.events)
        const waiting = yield* beside(Effect.flip(connection.await))
        yield* TestClock.adjust("5 hours")
        const ends = () => events.flatMap((event) => event._tag === "Disconnected" ? [event] : [])
        // Never for being idle: the hard cut alone, and each is survived.
        assert.deepStrictEqual(ends().map(({ error }) => error.reason._tag), ["GoingAway", "GoingAway"])
        assert.strictEqual((yield* connection.status)._tag, "Open")
        // What is too big will be too big again: no dial follows, and whoever waits is told why.
        yield* connection.send("x".repeat(32 * 1024 + 1))
        yield* settle
        const error = yield* Fiber.join(waiting)
        assert.strictEqual(error.reason._tag, "MessageTooBig")
        assert.isFalse(error.isRetryable)
      })
  )
})
