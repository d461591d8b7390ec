import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { TestClock } from "effect/testing"
import type { ConnectionStatus } from "../../src/ConnectionStatus.ts"
import * as Reconnect from "../../src/Reconnect.ts"
import { beside, collect, connect, settle, tags } from "../support/connect.ts"
import { illegalEdges } from "../support/edges.ts"

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
