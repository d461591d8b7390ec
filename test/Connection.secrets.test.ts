import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as Metric from "effect/Metric"
import * as Redacted from "effect/Redacted"
import * as References from "effect/References"
import { TestClock } from "effect/testing"
import * as Tracer from "effect/Tracer"
import { inspect } from "node:util"
import * as Reconnect from "../src/Reconnect.ts"
import type { Answers } from "../src/testing/TestServer.ts"
import { collect, connect, settle, type Setup } from "./support/connect.ts"

const secret = "planted-secret"
const basic = btoa(`user:${secret}`)

/** Everything that a value shows, by any way of printing it. */
const printed = (value: unknown): string =>
  [
    inspect(value, { depth: 20, showHidden: true, getters: true }),
    JSON.stringify(value, (_key, inner: unknown) =>
      typeof inner === "bigint"
        ? String(inner)
        : inner instanceof Error
        ? [Object.entries(inner), inner.stack]
        : inner),
    String(value)
  ].join("\n")

const assertClean = (where: string, value: unknown): void => {
  const text = printed(value)
  for (const planted of [secret, encodeURIComponent(secret), basic]) {
    assert.notInclude(text, planted, `a secret stands in the ${where}`)
  }
}

/** Runs an effect and keeps all that it logs, traces and measures. */
const observed = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const logs: Array<unknown> = []
    const spans: Array<Tracer.NativeSpan> = []
    const registry: Metric.MetricRegistry = new Map()
    const logger = Logger.make(({ cause, fiber, message }) => {
      logs.push([message, printed(cause), fiber.getRef(References.CurrentLogAnnotations)])
    })
    const result = yield* effect.pipe(
      Effect.provideService(Metric.MetricRegistry, registry),
      Effect.provideService(References.MinimumLogLevel, "All"),
      Effect.provideService(References.CurrentLoggers, new Set([logger])),
      Effect.provideService(
        Tracer.Tracer,
        Tracer.make({
          span: (options) => {
            const span = new Tracer.NativeSpan(options)
            spans.push(span)
            return span
          }
        })
      )
    )
    return { result, logs, spans, registry }
  })

const handshakes: Record<string, NonNullable<Setup["handshake"]>> = {
  "in plain values": {
    url: `wss://user:${secret}@server.test/feed?token=${secret}`,
    headers: { cookie: `session=${secret}`, "x-api-key": secret },
    subprotocols: ["feed.v1"]
  },
  "in Redacted values": {
    url: Redacted.make(`wss://user:${secret}@server.test/feed?token=${secret}`),
    headers: Redacted.make({ cookie: `session=${secret}` }),
    subprotocols: [Redacted.make(secret)]
  },
  "made at each attempt": {
    url: Effect.succeed(new URL(`wss://user:${secret}@server.test/feed?token=${secret}`)),
    headers: () => Effect.succeed({ authorization: `Bearer ${secret}` }),
    subprotocols: Effect.succeed(Redacted.make([secret]))
  }
}

const set = { "set-cookie": `session=${secret}; HttpOnly`, location: `https://elsewhere.test/login?next=${secret}` }

const answers: Record<string, (server: Answers) => Effect.Effect<void>> = {
  refused: (server) => server.refuse("ECONNREFUSED"),
  stalled: (server) => server.stall,
  redirected: (server) => server.reject(302, { headers: set }),
  unauthorized: (server) => server.reject(401, { headers: set, body: "who are you?" }),
  "out of service": (server) => server.reject(503, { headers: { ...set, "retry-after": "1" } }),
  "not upgraded": (server) => server.invalid("upgrade"),
  "given another subprotocol": (server) => server.accept({ subprotocol: "other", headers: set })
}

describe("a secret stands in no error, log, span, status, event or metric", () => {
  for (const [how, handshake] of Object.entries(handshakes)) {
    for (const [name, answer] of Object.entries(answers)) {
      it.effect(`${how}, while the dial is ${name}`, () =>
        Effect.gen(function*() {
          const { logs, registry, result, spans } = yield* observed(Effect.gen(function*() {
            const { connection, server } = yield* connect({ handshake, server: answer, connection: { start: "lazy" } })
            const events = yield* collect(connection.events)
            const statuses = yield* collect(connection.changes)
            const end = yield* Effect.forkScoped(Effect.exit(connection.awaitOpen), { startImmediately: true })
            yield* TestClock.adjust("15 seconds")
            const [dial] = yield* server.dials
            // It was sent, though.
            assert.include(printed(dial), secret)
            return { events, statuses, end: end.pollUnsafe(), name: connection.name }
          }))
          assert.isAbove(result.events.length, 2)
          assert.isAbove(logs.length, 0)
          assert.isAbove(spans.length, 0)
          assertClean("events", result.events)
          assertClean("statuses", result.statuses)
          assertClean("error", result.end)
          assertClean("name", result.name)
          assertClean("logs", logs)
          assertClean("spans", spans.map(({ attributes, events, status }) => [[...attributes], events, status]))
          assertClean("metrics", [...registry.values()])
        }))
    }

    it.effect(`${how}, in a session and after it`, () =>
      Effect.gen(function*() {
        const { logs, registry, result, spans } = yield* observed(Effect.gen(function*() {
          const { connection, server } = yield* connect({
            handshake,
            reconnect: Reconnect.layerNever,
            server: (server) => server.accept({ headers: set })
          })
          const events = yield* collect(connection.events)
          const statuses = yield* collect(connection.changes)
          const session = yield* connection.awaitOpen
          yield* Effect.flatMap(server.peer, (peer) => peer.drop)
          yield* settle
          return { events, statuses, error: yield* session.ended, send: yield* Effect.flip(connection.send("late")) }
        }))
        assertClean("session", result)
        assertClean("logs", logs)
        assertClean("spans", spans.map(({ attributes, events, status }) => [[...attributes], events, status]))
        assertClean("metrics", [...registry.values()])
      }))
  }

  it.effect("in an option that can never work", () =>
    Effect.gen(function*() {
      const wrong: ReadonlyArray<NonNullable<Setup["handshake"]>> = [
        { url: `user:${secret}@server.test` },
        { url: `wss://server.test/feed?token=${secret}#fragment` },
        { url: `wss://us%:${secret}@server.test/feed` },
        { headers: { "x-api-key": `${secret}\r\nx: y` } },
        { headers: { "sec-websocket-key": secret } },
        { subprotocols: [secret, secret] },
        { subprotocols: [`not a token ${secret}`] }
      ]
      for (const handshake of wrong) {
        for (const made of [handshake, atEachAttempt(handshake)]) {
          const error = yield* Effect.flip(
            Effect.flatMap(connect({ handshake: made }), ({ connection }) => connection.awaitOpen)
          )
          assert.strictEqual(error.reason._tag, "InvalidRequest")
          assertClean("error", error)
        }
      }
    }))
})

const atEachAttempt = (handshake: NonNullable<Setup["handshake"]>): NonNullable<Setup["handshake"]> =>
  Object.fromEntries(Object.entries(handshake).map(([name, value]) => [name, Effect.succeed(value)]))
