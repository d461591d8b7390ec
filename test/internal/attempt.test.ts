import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import { TestClock } from "effect/testing"
import * as Tracer from "effect/Tracer"
import type { ConnectionError } from "../../src/ConnectionError.ts"
import { Handshake } from "../../src/Handshake.ts"
import { dialAndGreet } from "../../src/internal/attempt.ts"
import { Transport } from "../../src/Transport.ts"
import { connect, failureOf, parts, settle, type Setup } from "../support/connect.ts"

/** One attempt, without a connection around it. */
const attempt = Effect.fnUntraced(function*(
  setup: Setup & {
    readonly wrap?: (transport: Transport["Service"]) => Transport["Service"]
    readonly beforeGreet?: Effect.Effect<void>
  } = {}
) {
  const { layer, server } = yield* parts(setup)
  const context = yield* Layer.build(layer)
  const linkScope = yield* Effect.acquireRelease(Scope.make(), (scope) => Scope.close(scope, Exit.void))
  const endpoints: Array<string> = []
  const transport = Context.get(context, Transport)
  const run = dialAndGreet({
    services: { transport: setup.wrap?.(transport) ?? transport, handshake: Context.get(context, Handshake) },
    attempt: 3,
    previous: Option.none(),
    linkScope,
    connectionScope: yield* Effect.scope,
    beforeGreet: setup.beforeGreet ?? Effect.void,
    onRequest: (endpoint) => void endpoints.push(endpoint)
  })
  return { run, server, linkScope, endpoints }
})

/** Collects the spans that begin. */
const tracing = () => {
  const spans: Array<Tracer.NativeSpan> = []
  const tracer = Tracer.make({
    span: (options) => {
      const span = new Tracer.NativeSpan(options)
      spans.push(span)
      return span
    }
  })
  return { spans, traced: Effect.provideService(Tracer.Tracer, tracer) }
}

const reasonOf = (error: ConnectionError) => error.reason

describe("an attempt", () => {
  it.effect("makes a request, dials, checks and greets", () =>
    Effect.gen(function*() {
      const order: Array<string> = []
      const note = (what: string) => Effect.sync(() => void order.push(what))
      const { endpoints, run, server } = yield* attempt({
        handshake: { url: Effect.as(note("url"), "ws://server.test/feed?token=t"), greet: () => note("greet") },
        beforeGreet: note("before greet")
      })
      const established = yield* run
      assert.deepStrictEqual(order, ["url", "before greet", "greet"])
      assert.deepStrictEqual(endpoints, ["ws://server.test/feed"])
      assert.strictEqual(established.link.endpoint, "ws://server.test/feed")
      assert.deepStrictEqual(established.leftover, [])
      const [dial] = yield* server.dials
      assert.strictEqual(dial?.request.attempt, 3)
    }))

  it.effect("one deadline covers the credentials and the dial together, and tells the phase", () =>
    Effect.gen(function*() {
      const { endpoints, run, server } = yield* attempt({
        handshake: {
          timeout: "5 seconds",
          url: Effect.delay(Effect.succeed("ws://server.test/feed"), "4 seconds")
        },
        server: (server) => server.stall
      })
      const running = yield* Effect.forkScoped(failureOf(run))
      yield* settle
      yield* TestClock.adjust("4999 millis")
      assert.isUndefined(running.pollUnsafe())
      yield* TestClock.adjust("1 milli")
      const error = yield* Fiber.join(running)
      assert(error.reason._tag === "HandshakeTimeout")
      assert.strictEqual(error.reason.phase, "response")
      assert.deepStrictEqual([error.attempt, error.endpoint], [3, "ws://server.test/feed"])
      assert.deepStrictEqual(endpoints, ["ws://server.test/feed"])
      assert.strictEqual(yield* server.openLinks, 0)
    }))

  it.effect("the deadline does not cover greet, which has its own", () =>
    Effect.gen(function*() {
      const { run } = yield* attempt({
        handshake: { timeout: "1 second", greetTimeout: "1 minute", greet: () => Effect.sleep("59 seconds") }
      })
      const running = yield* Effect.forkScoped(run)
      yield* settle
      yield* TestClock.adjust("59 seconds")
      assert.isDefined((yield* Fiber.join(running)).link)
    }))

  it.effect("late open of an abandoned attempt is aborted and delivered to nobody", () =>
    Effect.gen(function*() {
      const slow = (transport: Transport["Service"]): Transport["Service"] => ({
        ...transport,
        dial: (...args) => Effect.uninterruptible(Effect.delay(transport.dial(...args), "20 seconds"))
      })
      let greeted = false
      const { linkScope, run, server } = yield* attempt({
        wrap: slow,
        handshake: { greet: () => Effect.sync(() => void (greeted = true)) }
      })
      const running = yield* Effect.forkScoped(failureOf(run))
      yield* settle
      yield* TestClock.adjust("20 seconds")
      assert.strictEqual(reasonOf(yield* Fiber.join(running))._tag, "HandshakeTimeout")
      assert.strictEqual(yield* server.openLinks, 1)
      yield* Scope.close(linkScope, Exit.void)
      assert.strictEqual(yield* server.openLinks, 0)
      const peer = yield* server.peer
      assert.deepStrictEqual(yield* peer.closed, { code: 1006, reason: "" })
      assert.isFalse(greeted)
    }))

  it.effect("a greeting that fails leaves nothing in the session's scope", () =>
    Effect.gen(function*() {
      const released: Array<string> = []
      const { run } = yield* attempt({
        handshake: {
          greet: () =>
            Effect.gen(function*() {
              yield* Effect.addFinalizer(() => Effect.sync(() => released.push("finalizer")))
              yield* Effect.forkScoped(
                Effect.onInterrupt(Effect.never, () => Effect.sync(() => released.push("fiber")))
              )
              yield* Effect.yieldNow
              return yield* Effect.fail("no")
            })
        }
      })
      yield* failureOf(run)
      assert.deepStrictEqual(released, ["fiber", "finalizer"])
    }))
})

describe("the span of an attempt", () => {
  it.effect("holdfast.connect is one for each attempt, with the attempt and the endpoint", () =>
    Effect.gen(function*() {
      const { spans, traced } = tracing()
      const { connection, server } = yield* traced(connect({
        handshake: { url: "ws://user:planted@server.test/feed?token=planted", greet: (session) => session.send("hi") },
        server: (server) => server.next.refuse("ECONNREFUSED")
      }))
      yield* TestClock.adjust("1 second")
      yield* connection.awaitOpen
      yield* connection.send("no span for a message")
      assert.deepStrictEqual(spans.map((span) => [span.name, span.kind]), [
        ["holdfast.connect", "client"],
        ["holdfast.connect", "client"]
      ])
      assert.deepStrictEqual(spans.map((span) => Object.fromEntries(span.attributes)), [
        { attempt: 1, endpoint: "ws://server.test/feed" },
        { attempt: 2, endpoint: "ws://server.test/feed" }
      ])
      const [failed, opened] = spans.map(({ status }) => status)
      assert(failed?._tag === "Ended" && Exit.isFailure(failed.exit))
      assert(opened?._tag === "Ended" && Exit.isSuccess(opened.exit))
      assert.strictEqual(Duration.toMillis(Duration.nanos(opened.endTime - opened.startTime)), 0)
      const [, dial] = yield* server.dials
      assert.strictEqual(
        dial?.request.headers["traceparent"],
        `00-${spans[1]!.traceId}-${spans[1]!.spanId}-01`
      )
    }))

  it.effect("propagate: false sends no traceparent, and the user's own header wins", () =>
    Effect.gen(function*() {
      const { traced } = tracing()
      const silent = yield* traced(connect({ handshake: { propagate: false } }))
      const own = yield* traced(connect({ handshake: { headers: { traceparent: "mine" } } }))
      yield* Effect.all([silent.connection.awaitOpen, own.connection.awaitOpen])
      const [first] = yield* silent.server.dials
      const [second] = yield* own.server.dials
      assert.isUndefined(first?.request.headers["traceparent"])
      assert.strictEqual(second?.request.headers["traceparent"], "mine")
    }))
})
