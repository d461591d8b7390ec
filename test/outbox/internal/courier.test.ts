import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Result from "effect/Result"
import { ConnectionClosed, ConnectionError } from "../../../src/ConnectionError.ts"
import { Backlog } from "../../../src/outbox/internal/backlog.ts"
import { Condition } from "../../../src/outbox/internal/condition.ts"
import { Courier } from "../../../src/outbox/internal/courier.ts"
import { beside, settle } from "../../support/connect.ts"

const lost = new ConnectionError({ reason: new ConnectionClosed({}) })

/** A session that takes what it is sent, until it is lost. */
const sessionOf = (id: number) => {
  const frames: Array<string> = []
  const state = { lost: false, gate: undefined as Deferred.Deferred<void> | undefined }
  return {
    id,
    frames,
    state,
    send: (message: string | Uint8Array) =>
      Effect.suspend(() => {
        if (state.lost) return Effect.fail(lost)
        frames.push(String(message))
        return state.gate === undefined ? Effect.void : Deferred.await(state.gate)
      })
  }
}

const courierWith = (inFlight: number) => {
  const backlog = new Backlog()
  backlog.opened({ next: 1, pending: 0 })
  const condition = new Condition(() => ({ pending: backlog.pending, inFlight: backlog.window.size }))
  const courier = new Courier({
    backlog,
    condition,
    inFlight,
    pack: ({ payload, sequence }) => Result.succeed({ id: `${sequence}`, frame: payload }),
    onUndeliverable: undefined
  })
  return { backlog, courier }
}

describe("Courier", () => {
  it.effect("waits for a session, and begins one with what is there", () =>
    Effect.gen(function*() {
      const { backlog, courier } = courierWith(3)
      yield* beside(courier.run)
      backlog.stored(["a", "b", "c", "d"])
      yield* settle
      const session = sessionOf(1)
      yield* courier.begin(session)
      assert.deepStrictEqual(session.frames, ["a", "b", "c"])
      backlog.acknowledge("1")
      backlog.removed([1])
      yield* settle
      assert.deepStrictEqual(session.frames, ["a", "b", "c", "d"])
    }))

  it.effect("begins with a window of them at most, however fast the peer acknowledges: others wait for the end of it", () =>
    Effect.gen(function*() {
      const { backlog, courier } = courierWith(3)
      backlog.stored(Array.from({ length: 100 }, (_, index) => `${index + 1}`))
      const session = sessionOf(1)
      const prompt = (message: string | Uint8Array) =>
        Effect.tap(session.send(message), () =>
          Effect.sync(() => {
            backlog.acknowledge(String(message))
            backlog.removed([Number(message)])
          }))
      yield* courier.begin({ ...session, send: prompt })
      assert.deepStrictEqual(session.frames, ["1", "2", "3"])
    }))

  it.effect("begins a session once, whoever tells of it", () =>
    Effect.gen(function*() {
      const { backlog, courier } = courierWith(3)
      backlog.stored(["a"])
      const session = sessionOf(1)
      yield* courier.begin(session)
      yield* courier.begin(session)
      assert.deepStrictEqual(session.frames, ["a"])
    }))

  it.effect("sends nothing new while the window is sent again", () =>
    Effect.gen(function*() {
      const { backlog, courier } = courierWith(10)
      yield* beside(courier.run)
      backlog.stored(["a", "b"])
      const first = sessionOf(1)
      yield* courier.begin(first)
      first.state.lost = true
      const second = sessionOf(2)
      second.state.gate = yield* Deferred.make<void>()
      const beginning = yield* beside(courier.begin(second))
      backlog.stored(["c"])
      yield* settle
      assert.deepStrictEqual(second.frames, ["a"])
      yield* Deferred.succeed(second.state.gate, undefined)
      yield* Fiber.join(beginning)
      yield* settle
      assert.deepStrictEqual(second.frames, ["a", "b", "c"])
    }))

  it.effect("leaves out of what is sent again what is acknowledged meanwhile", () =>
    Effect.gen(function*() {
      const { backlog, courier } = courierWith(10)
      backlog.stored(["a", "b", "c"])
      yield* courier.begin(sessionOf(1))
      const second = sessionOf(2)
      second.state.gate = yield* Deferred.make<void>()
      const beginning = yield* beside(courier.begin(second))
      yield* settle
      backlog.acknowledge("2")
      yield* Deferred.succeed(second.state.gate, undefined)
      yield* Fiber.join(beginning)
      assert.deepStrictEqual(second.frames, ["a", "c"])
    }))

  it.effect("has a message that a lost session took in the next one's beginning", () =>
    Effect.gen(function*() {
      const { backlog, courier } = courierWith(10)
      yield* beside(courier.run)
      const first = sessionOf(1)
      yield* courier.begin(first)
      first.state.lost = true
      backlog.stored(["a", "b"])
      yield* settle
      const second = sessionOf(2)
      yield* courier.begin(second)
      yield* settle
      assert.deepStrictEqual(second.frames, ["a", "b"])
    }))
})
