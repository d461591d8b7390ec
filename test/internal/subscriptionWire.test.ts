import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Latch from "effect/Latch"
import { AbnormalClosure, ConnectionError, InvalidRequest } from "../../src/ConnectionError.ts"
import { makePace } from "../../src/internal/replayPace.ts"
import { sendFailed } from "../../src/internal/sendFailures.ts"
import { SubscriptionWire, type Words } from "../../src/internal/subscriptionWire.ts"
import { beside, settle } from "../support/connect.ts"

const ended = sendFailed(new ConnectionError({ reason: new AbnormalClosure({}) }))
const invalid = sendFailed(new ConnectionError({ reason: new InvalidRequest({ option: "message", problem: "" }) }))

const make = (send: (message: string) => Effect.Effect<void, ConnectionError>, batch = 100) =>
  Effect.gen(function*() {
    const scope = yield* Effect.scope
    const context = yield* Effect.context<never>()
    const told: Array<string> = []
    const wire = new SubscriptionWire<string>({ send }, {
      pace: makePace(batch, undefined, yield* Clock.Clock),
      run: (effect) => Fiber.runIn(Effect.runForkWith(context)(effect), scope),
      onCloseFailed: (cause) => void told.push(`close failed: ${Cause.squash(cause) === invalid}`)
    })
    const words = (name: string, rest: Partial<Words<string>> = {}): Words<string> => ({
      open: () => `open ${name}`,
      close: () => `close ${name}`,
      onOpened: () => void told.push(`opened ${name}`),
      onFailed: () => void told.push(`failed ${name}`),
      ...rest
    })
    return { wire, words, told }
  })

/** A session that takes what it is told, while its gate is open. */
const recorder = () => {
  const sent: Array<string> = []
  const gate = Latch.makeUnsafe(true)
  return {
    sent,
    gate,
    send: (message: string) => Effect.andThen(gate.await, Effect.sync(() => void sent.push(message)))
  }
}

describe("the wire of the subscriptions", () => {
  it.effect("says one after the other, and nothing of what was taken back before its turn", () =>
    Effect.gen(function*() {
      const { gate, send, sent } = recorder()
      const { told, wire, words } = yield* make(send)
      const [a, b, c] = [words("a"), words("b"), words("c", { close: undefined })]
      yield* gate.close
      for (const one of [a, b, c]) wire.open(one)
      yield* settle
      // The first is in the session's hands; the second is not.
      for (const one of [a, b, c]) wire.close(one)
      wire.open(b)
      yield* gate.open
      yield* settle
      assert.deepStrictEqual(sent, ["open a", "close a", "open b"])
      assert.deepStrictEqual(told, ["opened b"])
    }))

  it.effect("waits until all has gone out, or need not any more", () =>
    Effect.gen(function*() {
      const { gate, send } = recorder()
      const { wire, words } = yield* make(send, 1)
      const all = ["a", "b", "c"].map((name) => words(name))
      yield* gate.close
      for (const one of all) wire.open(one)
      const waiting = yield* beside(wire.sent(all))
      yield* settle
      wire.close(all[1]!)
      assert.isUndefined(waiting.pollUnsafe())
      yield* gate.open
      yield* settle
      assert.isDefined(waiting.pollUnsafe())
    }))

  it.effect("ends with its session, also where only the send knows of that", () =>
    Effect.gen(function*() {
      const sent: Array<string> = []
      const { told, wire, words } = yield* make((message) => {
        sent.push(message)
        return Effect.fail(ended)
      })
      const all = ["a", "b"].map((name) => words(name))
      for (const one of all) wire.open(one)
      yield* wire.sent(all)
      wire.open(words("c"))
      yield* settle
      assert.deepStrictEqual([sent, told], [["open a"], []])
    }))

  it.effect("what cannot be sent fails by itself", () =>
    Effect.gen(function*() {
      const { told, wire, words } = yield* make((message) =>
        message === "open a" || message === "close b" ? Effect.fail(invalid) : Effect.void
      )
      const b = words("b")
      wire.open(words("a"))
      wire.open(b)
      yield* settle
      wire.close(b)
      yield* settle
      assert.deepStrictEqual(told, ["failed a", "opened b", "close failed: true"])
    }))

  it.effect("closes nothing that the peer is known not to have", () =>
    Effect.gen(function*() {
      const { send, sent } = recorder()
      const { wire, words } = yield* make(send)
      const a = words("a")
      wire.open(a)
      yield* settle
      wire.forget(a)
      wire.close(a)
      yield* settle
      assert.deepStrictEqual(sent, ["open a"])
    }))
})
