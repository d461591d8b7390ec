import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { makePace } from "../../src/internal/replayPace.ts"
import { Subscriber } from "../../src/internal/subscriber.ts"
import { Topics } from "../../src/internal/topics.ts"

interface Note {
  readonly key?: string
  readonly n: number
}

const make = (keyed: boolean) =>
  Effect.gen(function*() {
    const scope = yield* Effect.scope
    const context = yield* Effect.context<never>()
    const clock = yield* Clock.Clock
    const topics: Topics<string, Note, string> = new Topics<string, Note, string>({
      protocol: { connection: { subscribe: Effect.never } as never },
      keyOf: keyed ? ({ key }) => key : undefined,
      onGap: () => Effect.void,
      confirmTimeout: Duration.seconds(1),
      pace: makePace(1, undefined, clock),
      clock,
      run: (effect) => Fiber.runIn(Effect.runForkWith(context)(effect), scope)
    })
    let asked = 0
    const add = (key: string) => {
      const subscriber = new Subscriber<Note, string, number, never>(
        key,
        ({ n }) => {
          asked++
          return n
        },
        { capacity: 8, overflow: "fail" },
        topics
      )
      topics.add(key, { open: key }, subscriber)
      return subscriber
    }
    return { topics, add, asked: () => asked }
  })

describe("topics", () => {
  it.effect.each([10, 10_000])(
    "with a key, a message asks those of that key alone, of %i",
    (keys) =>
      Effect.gen(function*() {
        const { add, asked, topics } = yield* make(true)
        for (let i = 0; i < keys; i++) add(`${i}`)
        add("5")
        topics.receive({ key: "5", n: 1 })
        topics.receive({ key: "nobody's", n: 1 })
        topics.receive({ n: 1 })
        assert.strictEqual(asked(), 2)
        assert.deepStrictEqual(topics.counts, { keys, subscribers: keys + 1, dropped: 0 })
      })
  )

  it.effect("without keys, it asks everybody", () =>
    Effect.gen(function*() {
      const { add, asked, topics } = yield* make(false)
      for (let i = 0; i < 10; i++) add(`${i}`)
      topics.receive({ n: 1 })
      assert.strictEqual(asked(), 10)
    }))

  it.effect("a key that came back is another subscription: who left the first leaves the second alone", () =>
    Effect.gen(function*() {
      const { add, topics } = yield* make(true)
      const first = add("a")
      topics.remove("a", first)
      add("b")
      add("a")
      topics.remove("a", first)
      assert.deepStrictEqual(topics.keys, ["b", "a"])
    }))
})
