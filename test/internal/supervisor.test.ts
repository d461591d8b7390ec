import { assert, describe, it } from "@effect/vitest"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as References from "effect/References"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { TestClock } from "effect/testing"
import * as Connection from "../../src/Connection.ts"
import type { ConnectionError } from "../../src/ConnectionError.ts"
import type { ConnectionStatus } from "../../src/ConnectionStatus.ts"
import * as Reconnect from "../../src/Reconnect.ts"
import { beside, collect, connect, parts, settle, type Setup, tags } from "../support/connect.ts"
import { illegalEdges } from "../support/edges.ts"

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

describe("transitions", () => {
  it("know the edges that none may take", () => {
    const connecting = (attempt: number): ConnectionStatus => ({ _tag: "Connecting", attempt })
    const closing: ConnectionStatus = { _tag: "Closing" }
    assert.deepStrictEqual(illegalEdges([connecting(0), connecting(1), closing]), [])
    assert.deepStrictEqual(illegalEdges([connecting(1), connecting(2), closing, closing]), [
      "Connecting -> Connecting",
      "Closing -> Closing"
    ])
  })

  it.effect("are published before their effects are visible", () =>
    Effect.gen(function*() {
      const log: Array<string> = []
      const { connection, server } = yield* connect({
        handshake: {
          greet: () => Effect.addFinalizer(() => look("finalizer"))
        }
      })
      const look = (what: string): Effect.Effect<void> =>
        Effect.map(connection.status, ({ _tag }) => void log.push(`${what}: ${_tag}`))
      const session = yield* connection.awaitOpen
      yield* beside(Effect.andThen(session.ended, look("ended")))
      yield* beside(Effect.andThen(Stream.runDrain(session.messages), look("messages ended")))
      yield* beside(Stream.runForEach(connection.events, ({ _tag }) => look(_tag)))
      yield* beside(Stream.runForEach(Stream.drop(connection.sessions, 1), () => look("session")))
      yield* settle
      yield* Effect.flatMap(server.peer, (peer) => peer.drop)
      yield* settle
      yield* TestClock.adjust("1 second")
      yield* settle
      assert.deepStrictEqual(
        log.filter((line) => /^(finalizer|ended|messages|Disc|Wait).*: (?!Waiting)/.test(line)),
        []
      )
      assert.includeMembers(log, ["finalizer: Waiting", "ended: Waiting", "Disconnected: Waiting"])
      assert.includeMembers(log, ["Opened: Open", "session: Open"])
      yield* connection.close()
      yield* settle
      assert.strictEqual(log.at(-1), "Closed: Closed")
    }))

  it.effect("changes begin with the current status and miss none; who comes late sees the last", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* connect({ server: (server) => server.next.refuse("ECONNREFUSED") })
      yield* settle
      const statuses = yield* collect(connection.changes)
      assert.deepStrictEqual(tags(statuses), ["Waiting"])
      yield* TestClock.adjust("1 second")
      yield* Effect.flatMap(server.peer, (peer) => peer.close(1008))
      yield* settle
      assert.deepStrictEqual(tags(statuses), ["Waiting", "Connecting", "Open", "Closed"])
      assert.deepStrictEqual(tags(yield* Stream.runCollect(connection.changes)), ["Closed"])
      assert.deepStrictEqual(yield* Stream.runCollect(connection.events), [])
    }))

  it.effect("a reader of changes and events that is slow holds nothing up and loses its oldest", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* connect({
        reconnect: Reconnect.layer({ schedule: Schedule.spaced("1 second") })
      })
      const gate = yield* Effect.forkScoped(Effect.never)
      const seen: Array<ConnectionStatus> = []
      yield* beside(Stream.runForEach(connection.changes, (status) =>
        Effect.suspend(() => {
          seen.push(status)
          return seen.length === 1 ? Effect.exit(Fiber.join(gate)) : Effect.void
        })))
      yield* server.refuse("ECONNREFUSED")
      yield* Effect.flatMap(server.peer, (peer) => peer.drop)
      yield* settle
      yield* TestClock.adjust("20 minutes")
      assert.strictEqual((yield* server.dials).length, 1201)
      yield* Fiber.interrupt(gate)
      yield* settle
      assert.strictEqual(seen.length, 1 + 1024)
      assert.deepStrictEqual(seen.at(-1), yield* connection.status)
    }))
})

describe("what is logged", () => {
  it.effect("carries the connection, the attempt and, where there is one, the session", () =>
    Effect.gen(function*() {
      const lines: Array<readonly [message: string, annotations: unknown]> = []
      const logger = Logger.make(({ fiber, message }) => {
        lines.push([String(message), fiber.getRef(References.CurrentLogAnnotations)])
      })
      const { connection, server } = yield* connect({
        connection: { name: "feed" },
        handshake: { greet: () => Effect.log("greeting") },
        server: (server) => server.next.refuse("ECONNREFUSED")
      }).pipe(
        Effect.provideService(References.CurrentLoggers, new Set([logger])),
        Effect.provideService(References.MinimumLogLevel, "All")
      )
      yield* settle
      yield* TestClock.adjust("1 second")
      yield* connection.awaitOpen
      yield* Effect.flatMap(server.peer, (peer) => peer.close(1008, "banned"))
      yield* settle
      const annotated = (part: string) => lines.find(([message]) => message.includes(part))?.[1]
      assert.deepStrictEqual(annotated("attempt 1 failed"), { connection: "feed", attempt: 1 })
      assert.deepStrictEqual(annotated("greeting"), { connection: "feed", attempt: 2 })
      assert.deepStrictEqual(annotated("session 1 ended"), { connection: "feed", attempt: 2, session: 1 })
      assert.deepStrictEqual(annotated("closed for good"), { connection: "feed", attempt: 2 })
    }))
})

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
