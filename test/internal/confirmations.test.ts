import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { TestClock } from "effect/testing"
import { type Confirmable, Confirmations } from "../../src/internal/confirmations.ts"

const make = Effect.gen(function*() {
  const scope = yield* Effect.scope
  const context = yield* Effect.context<never>()
  const state = { heldUp: false }
  let fibers = 0
  const confirmations = new Confirmations<string>({
    timeout: Duration.seconds(10),
    clock: yield* Clock.Clock,
    run: (effect) => {
      fibers++
      Fiber.runIn(Effect.runForkWith(context)(effect), scope)
    },
    heldUp: () => state.heldUp
  })
  const told: Array<string> = []
  const topic = (name: string): Confirmable<string> => ({
    confirm: (message) => message === `${name}!` ? "confirmed" : message === `${name}?` ? "refused" : undefined,
    onRefused: (reply) => void told.push(`${name} refused by ${reply}`),
    onUnconfirmed: () => void told.push(`${name} unconfirmed`)
  })
  return { confirmations, told, topic, state, fibers: () => fibers }
})

describe("confirmations", () => {
  it.effect("are heard once, by the topic or by whoever knows them", () =>
    Effect.gen(function*() {
      const { confirmations, told, topic } = yield* make
      const [a, b] = [topic("a"), topic("b")]
      confirmations.expect(a)
      confirmations.expect(b)
      assert.isFalse(confirmations.hear(a, "b!"))
      assert.isTrue(confirmations.hear(a, "a!"))
      assert.isFalse(confirmations.hear(a, "a?"))
      confirmations.hearUnnamed("b?")
      assert.isTrue(confirmations.isEmpty)
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(told, ["b refused by b?"])
    }))

  it.effect("each have their own deadline, and one timer among them", () =>
    Effect.gen(function*() {
      const { confirmations, fibers, told, topic } = yield* make
      for (const name of ["a", "b", "c"]) {
        confirmations.expect(topic(name))
        yield* TestClock.adjust("1 second")
      }
      yield* TestClock.adjust("8 seconds")
      assert.deepStrictEqual(told, ["a unconfirmed", "b unconfirmed"])
      yield* TestClock.adjust("1 second")
      assert.lengthOf(told, 3)
      assert.strictEqual(fibers(), 1)
    }))

  it.effect("are not judged while we hold up the socket ourselves", () =>
    Effect.gen(function*() {
      const { confirmations, state, told, topic } = yield* make
      state.heldUp = true
      confirmations.expect(topic("a"))
      yield* TestClock.adjust("15 seconds")
      state.heldUp = false
      assert.deepStrictEqual(told, [])
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(told, ["a unconfirmed"])
    }))

  it.effect("are not expected of a topic without any", () =>
    Effect.gen(function*() {
      const { confirmations, topic } = yield* make
      confirmations.expect({ ...topic("a"), confirm: undefined })
      assert.isTrue(confirmations.isEmpty)
    }))
})
