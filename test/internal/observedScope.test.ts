import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import { TestClock } from "effect/testing"
import * as ObservedScope from "../../src/internal/observedScope.ts"

/** An observed scope, and the causes that it told. */
const make = Effect.gen(function*() {
  const observed = yield* ObservedScope.make(yield* Effect.scope)
  const told: Array<Cause.Cause<unknown>> = []
  observed.observe((cause) => told.push(cause))
  return { observed, scope: observed.scope, told }
})

const fork = <A, E>(scope: Scope.Scope, effect: Effect.Effect<A, E>) =>
  Scope.provide(Effect.forkScoped(effect, { startImmediately: true }), scope)

describe("an observed scope", () => {
  it.effect("tells the failure and the defect of a fiber that was forked into it", () =>
    Effect.gen(function*() {
      const { scope, told } = yield* make
      yield* fork(scope, Effect.delay(Effect.fail("no"), "1 second"))
      yield* fork(scope, Effect.delay(Effect.die("a bug"), "2 seconds"))
      assert.deepStrictEqual(told, [])
      yield* TestClock.adjust("2 seconds")
      assert.deepStrictEqual(told, [Cause.fail("no"), Cause.die("a bug")])
    }))

  it.effect("tells of a fiber that had failed before anybody listened, once", () =>
    Effect.gen(function*() {
      const observed = yield* ObservedScope.make(yield* Effect.scope)
      yield* fork(observed.scope, Effect.andThen(Effect.yieldNow, Effect.fail("early")))
      yield* fork(observed.scope, Effect.andThen(Effect.yieldNow, Effect.fail("also early")))
      yield* Effect.yieldNow
      yield* Effect.yieldNow
      const told: Array<Cause.Cause<unknown>> = []
      observed.observe((cause) => told.push(cause))
      observed.observe((cause) => told.push(cause))
      assert.deepStrictEqual(told, [Cause.fail("early")])
    }))

  it.effect("tells nothing of success, of an interruption or of its own end", () =>
    Effect.gen(function*() {
      const { scope, told } = yield* make
      yield* fork(scope, Effect.succeed(1))
      yield* Fiber.interrupt(yield* fork(scope, Effect.never))
      yield* fork(scope, Effect.never)
      yield* fork(scope, Effect.onInterrupt(Effect.never, () => Effect.die("while it was interrupted")))
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual(told, [])
    }))

  it.effect("tells a failure even where the fiber was interrupted meanwhile", () =>
    Effect.gen(function*() {
      const { scope, told } = yield* make
      const fiber = yield* fork(scope, Effect.onInterrupt(Effect.never, () => Effect.die("a bug")))
      yield* Fiber.interrupt(fiber)
      assert.strictEqual(told.length, 1)
      assert(Cause.hasDies(told[0]!))
    }))

  it.effect("is a scope: finalizers run in reverse order, its fibers are interrupted, and it closes with its parent", () =>
    Effect.gen(function*() {
      const order: Array<string> = []
      const parent = yield* Scope.make()
      const { scope } = yield* ObservedScope.make(parent)
      const note = (name: string) => Effect.sync(() => void order.push(name))
      yield* Scope.addFinalizer(scope, note("first"))
      yield* fork(scope, Effect.onInterrupt(Effect.never, () => note("fiber")))
      yield* Scope.addFinalizer(scope, note("last"))
      yield* Scope.close(parent, Exit.void)
      assert.deepStrictEqual(order, ["last", "fiber", "first"])
      yield* Scope.addFinalizer(scope, note("after the end"))
      assert.deepStrictEqual(order.at(-1), "after the end")
    }))

  it.effect("forgets a fiber that has ended", () =>
    Effect.gen(function*() {
      const { scope } = yield* make
      for (let i = 0; i < 10; i++) yield* Fiber.await(yield* fork(scope, Effect.sleep(0)))
      assert(scope.state._tag === "Open")
      assert.strictEqual(scope.state.finalizers?.size, 0)
    }))
})
