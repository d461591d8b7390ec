import { it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Latch from "effect/Latch"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { describe, expect } from "vitest"
import type { WebSocket } from "ws"
import { CliFailure, failure } from "../../../src/cli/failure.ts"
import type { Fleet, Plan } from "../../../src/cli/fleet/Fleet.ts"
import { make } from "../../../src/cli/fleet/make.ts"
import * as Reconnect from "../../../src/Reconnect.ts"
import * as wsServer from "../../support/wsServer.ts"

const plan = (name: string, url: string, changes: Partial<Plan> = {}): Plan => ({
  name,
  fingerprint: url,
  options: {
    url,
    heartbeat: { interval: "50 millis" },
    reconnect: { schedule: Reconnect.schedule({ first: "10 millis", base: "10 millis" }) }
  },
  attach: () => Effect.void,
  ...changes
})

/** Waits for an event of one of the connections. */
const sees = (fleet: Fleet["Service"], tag: string, connection: string) =>
  fleet.activity.pipe(
    Stream.filter((one) => one.event._tag === tag && one.connection === connection),
    Stream.runHead,
    Effect.forkScoped({ startImmediately: true })
  )

const names = (fleet: Fleet["Service"]) =>
  Effect.map(fleet.reports, (reports) => reports.map(({ name, state }) => [name, state]))

describe("a fleet", () => {
  it.live("opens every connection of its plans, and reports them in order", () =>
    Effect.gen(function*() {
      const server = yield* wsServer.echo()
      const fleet = yield* make
      expect(yield* fleet.apply([plan("b", server.url), plan("a", server.url)])).toEqual({
        added: ["b", "a"],
        changed: [],
        removed: [],
        unchanged: []
      })
      yield* fleet.started
      const reports = yield* fleet.reports
      expect(reports.map(({ name, state }) => [name, state])).toEqual([["b", "Open"], ["a", "Open"]])
      expect(reports[0]).toMatchObject({ sessions: 1, dials: 1, attempt: 1, session: 1, paused: false, dropped: 0 })
      expect(reports[0]?.endpoint).toBe(server.url)
    }))

  it.live("counts messages, bytes and round trips, and keeps two clocks", () =>
    Effect.gen(function*() {
      const server = yield* wsServer.echo()
      const fleet = yield* make
      const received = yield* Deferred.make<void>()
      yield* fleet.apply([plan("counted", server.url, {
        attach: (connection) => connection.listen(() => Deferred.doneUnsafe(received, Exit.void))
      })])
      yield* fleet.started
      expect((yield* fleet.report("counted")).lastMessageAge).toBeUndefined()
      const pong = yield* sees(fleet, "PongReceived", "counted")
      yield* fleet.send("counted", "hello")
      yield* Deferred.await(received)
      yield* Fiber.join(pong)
      const report = yield* fleet.report("counted")
      expect(report.sent).toEqual({ messages: 1, bytes: 5 })
      expect(report.received).toEqual({ messages: 1, bytes: 5 })
      expect(report.rtt?.p50).toBeGreaterThan(0)
      expect(report.rtt?.p99).toBeGreaterThanOrEqual(report.rtt?.p50 ?? Infinity)
      // The pong came after the message.
      expect(report.lastByteAge).toBeLessThanOrEqual(report.lastMessageAge ?? -1)
    }))

  it.live("touches only what changed", () =>
    Effect.gen(function*() {
      const server = yield* wsServer.echo()
      const other = yield* wsServer.echo()
      const fleet = yield* make
      yield* fleet.apply([plan("same", server.url), plan("changed", server.url), plan("removed", server.url)])
      yield* fleet.started
      const closed = yield* sees(fleet, "Closed", "changed")
      const applied = yield* fleet.apply([
        plan("changed", other.url),
        plan("same", server.url),
        plan("added", other.url)
      ])
      expect(applied).toEqual({ added: ["added"], changed: ["changed"], removed: ["removed"], unchanged: ["same"] })
      yield* Fiber.join(closed)
      yield* fleet.started
      expect(yield* names(fleet)).toEqual([["changed", "Open"], ["same", "Open"], ["added", "Open"]])
      const same = yield* fleet.report("same")
      expect([same.dials, same.session]).toEqual([1, 1])
      expect((yield* fleet.report("changed")).endpoint).toBe(other.url)
    }))

  it.live("refuses a plan that can never work, and changes nothing", () =>
    Effect.gen(function*() {
      const server = yield* wsServer.echo()
      const fleet = yield* make
      yield* fleet.apply([plan("feed", server.url)])
      yield* fleet.started
      const error = yield* Effect.flip(
        fleet.apply([
          plan("feed", "ws://127.0.0.1:1/"),
          plan("bad", server.url, { options: { url: server.url, closeCode: 1006 } })
        ])
      )
      expect(error).toBeInstanceOf(CliFailure)
      expect(error.exit).toBe("config")
      expect(error.message).toContain(`"bad"`)
      expect(error.message).toContain("closeCode")
      expect(yield* names(fleet)).toEqual([["feed", "Open"]])
      expect((yield* fleet.report("feed")).dials).toBe(1)
      expect((yield* Effect.flip(fleet.apply([plan("x", server.url), plan("x", server.url)]))).message).toContain(`"x"`)
    }))

  it.live("puts back what was there where something cannot be attached", () =>
    Effect.gen(function*() {
      const server = yield* wsServer.echo()
      const other = yield* wsServer.echo()
      const fleet = yield* make
      yield* fleet.apply([plan("feed", server.url)])
      yield* fleet.started
      const error = yield* Effect.flip(
        fleet.apply([plan("feed", other.url, { attach: () => Effect.fail(failure("output", "no such folder")) })])
      )
      expect(error.message).toBe("no such folder")
      yield* fleet.started
      const report = yield* fleet.report("feed")
      expect([report.state, report.endpoint]).toEqual(["Open", server.url])
    }))

  it.live("closes one, starts it again, and knows no others", () =>
    Effect.gen(function*() {
      const server = yield* wsServer.echo()
      const fleet = yield* make
      yield* fleet.apply([plan("feed", server.url)])
      yield* fleet.started
      yield* fleet.close("feed")
      yield* Effect.repeat(fleet.report("feed"), { until: ({ state }) => state === "Closed" })
      yield* fleet.reconnect("feed")
      yield* fleet.started
      expect((yield* fleet.report("feed")).state).toBe("Open")
      expect((yield* Effect.flip(fleet.report("food"))).message).toBe(
        `There is no connection "food". There are: feed.`
      )
    }))

  it.live("closes one that cannot be started again, and starts it when it can", () =>
    Effect.gen(function*() {
      const server = yield* wsServer.echo()
      let full = false
      const fleet = yield* make
      const attach = () => full ? Effect.fail(failure("output", "no such folder")) : Effect.void
      yield* fleet.apply([plan("feed", server.url, { attach })])
      yield* fleet.started
      yield* fleet.close("feed")
      yield* Effect.repeat(fleet.report("feed"), { until: ({ state }) => state === "Closed" })
      full = true
      expect(yield* Effect.flip(fleet.reconnect("feed"))).toMatchObject({ message: "no such folder" })
      expect((yield* fleet.report("feed")).state).toBe("Closed")
      full = false
      yield* fleet.reconnect("feed")
      yield* fleet.started
      expect((yield* fleet.report("feed")).state).toBe("Open")
    }))

  it.live("tells how the last session ended, and by whom", () =>
    Effect.gen(function*() {
      let socket: WebSocket | undefined
      const server = yield* wsServer.make((one) => {
        socket = one
      })
      const fleet = yield* make
      yield* fleet.apply([plan("feed", server.url)])
      yield* fleet.started
      const ended = yield* sees(fleet, "Disconnected", "feed")
      socket?.close(4001, "go \u001b[31maway")
      yield* Fiber.join(ended)
      const { last } = yield* fleet.report("feed")
      expect(last).toMatchObject({ reason: "ApplicationClose", code: 4001, initiator: "peer", retryable: true })
      // What the peer says must not steer a terminal.
      expect(last?.message).toContain("away")
      expect(last?.message).not.toMatch(/\p{Cc}/u)
    }))

  it.live("ends when everything is closed for good and somebody gave up", () =>
    Effect.gen(function*() {
      const refusing = yield* wsServer.echo({ verifyClient: (_, done) => done(false, 403) })
      const server = yield* wsServer.echo()
      const fleet = yield* make
      yield* fleet.apply([plan("open", server.url), plan("refused", refusing.url)])
      const started = yield* Effect.flip(fleet.started)
      expect([started.connection, started.error.reason._tag]).toEqual(["refused", "HandshakeRejected"])
      const ended = yield* Effect.forkScoped(Effect.flip(fleet.ended))
      yield* fleet.close("open")
      const { exit, message } = yield* Fiber.join(ended)
      expect(exit).toBe("refused")
      // With several connections it is told of which one.
      expect(message).toMatch(/^refused: ws:.* HTTP 403/)
    }))

  it.live("goes on where all were closed by us", () =>
    Effect.gen(function*() {
      const server = yield* wsServer.echo()
      const fleet = yield* make
      yield* fleet.apply([plan("feed", server.url)])
      yield* fleet.started
      const ended = yield* Effect.forkScoped(Effect.exit(fleet.ended))
      yield* fleet.close("feed")
      yield* Effect.repeat(fleet.report("feed"), { until: ({ state }) => state === "Closed" })
      expect(ended.pollUnsafe()).toBeUndefined()
    }))

  it.live("detaches what was attached when its scope closes", () =>
    Effect.gen(function*() {
      const server = yield* wsServer.echo()
      const latch = yield* Latch.make()
      const scope = yield* Scope.make()
      const fleet = yield* Scope.provide(make, scope)
      yield* fleet.apply([plan("feed", server.url, { attach: () => Effect.addFinalizer(() => latch.open) })])
      yield* fleet.started
      yield* Scope.close(scope, Exit.void)
      yield* latch.await
      yield* Effect.repeat(Effect.sync(() => server.server.clients.size), { until: (size) => size === 0 })
    }))
})
