import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as Option from "effect/Option"
import { AbnormalClosure, ConnectionError } from "../../src/ConnectionError.ts"
import { Correlation } from "../../src/internal/correlation.ts"
import type { ProtocolPrelude } from "../../src/Protocol.ts"
import { beside, settle } from "../support/connect.ts"

interface Note {
  readonly id: number
}

const lost = new ConnectionError({ reason: new AbnormalClosure({}) })

const session = (send: (note: Note) => Effect.Effect<void>): ProtocolPrelude<Note> => ({
  id: 1,
  endpoint: "ws://test/",
  subprotocol: Option.none(),
  send,
  ended: Effect.never,
  downtime: Duration.zero,
  previous: Option.none()
})

const make = (send: (note: Note) => Effect.Effect<void, ConnectionError> = () => Effect.void) => {
  const late: Array<number> = []
  const correlation = new Correlation<number, Note, Note>({
    protocol: { send },
    replyTo: ({ id }) => id,
    onFirstLate: (id) => late.push(id)
  })
  const ask = (id: number, retries = false) =>
    Effect.flatMap(
      correlation.begin(id, { id }, retries),
      (pending) =>
        Effect.map(beside(Effect.exit(correlation.exchange(pending))), (fiber) => ({
          pending,
          isOver: () => fiber.pollUnsafe() !== undefined
        }))
    )
  return { correlation, late, ask }
}

describe("the correlation of requests", () => {
  it.effect("knows where each is, from its send on", () =>
    Effect.gen(function*() {
      const gate = Latch.makeUnsafe()
      const { ask, correlation } = make(({ id }) => id === 2 ? gate.await : Effect.void)
      const buffered = yield* ask(1)
      yield* correlation.onBegin(session(() => Effect.void))
      const queued = yield* ask(2)
      const sent = yield* ask(3, true)
      assert.deepStrictEqual([buffered, queued, sent].map(({ pending }) => pending.place), [
        "session",
        "queue",
        "session"
      ])
      correlation.onEnd(lost)
      yield* settle
      assert.deepStrictEqual([buffered.isOver(), queued.isOver()], [true, false])
      assert.deepStrictEqual([queued.pending.place, sent.pending.place], ["queue", "between"])
      yield* gate.open
      yield* settle
      assert.strictEqual(queued.pending.place, "buffer")
      assert.strictEqual(correlation.size, 2)
    }))

  it.effect("does not send again what was forgotten while an earlier one was being sent", () =>
    Effect.gen(function*() {
      const told: Array<number> = []
      const gate = Latch.makeUnsafe()
      const { ask, correlation } = make()
      yield* correlation.onBegin(session(() => Effect.void))
      const [first, second, third] = [yield* ask(1, true), yield* ask(2, true), yield* ask(3, true)]
      correlation.onEnd(lost)
      yield* beside(correlation.onBegin(session(({ id }) => {
        told.push(id)
        return gate.await
      })))
      yield* settle
      correlation.forget(second.pending)
      // The one whose send is under way is given up, too.
      correlation.forget(first.pending)
      yield* settle
      assert.deepStrictEqual(told, [1, 3])
      yield* gate.open
      yield* settle
      assert.strictEqual(third.pending.place, "session")
    }))

  it.effect("tells of the first late reply, and counts all", () =>
    Effect.gen(function*() {
      const { ask, correlation, late } = make()
      const { pending } = yield* ask(1)
      correlation.forget(pending)
      for (const id of [1, 2]) correlation.receive({ id })
      assert.deepStrictEqual([late, correlation.late], [[1], 2])
    }))
})
