import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { Preludes, type PreludeSession } from "../../src/internal/preludes.ts"

const session = {} as PreludeSession

describe("Preludes", () => {
  it.effect("run one after the other, in the order in which they were added", () =>
    Effect.gen(function*() {
      const preludes = new Preludes()
      const log: Array<string> = []
      for (const name of ["a", "b"]) {
        preludes.add(() =>
          Effect.sync(() => log.push(`${name} begins`)).pipe(
            Effect.andThen(Effect.yieldNow),
            Effect.andThen(Effect.sync(() => log.push(`${name} ends`)))
          )
        )
      }
      yield* preludes.play(session)
      assert.deepStrictEqual(log, ["a begins", "a ends", "b begins", "b ends"])
    }))

  it.effect("are not run once they were removed, and are interrupted where they run", () =>
    Effect.gen(function*() {
      const preludes = new Preludes()
      const log: Array<string> = []
      const remove = preludes.add(() =>
        Effect.onInterrupt(Effect.never, () => Effect.sync(() => log.push("interrupted")))
      )
      preludes.add(() => Effect.sync(() => log.push("next")))
      const playing = yield* Effect.forkChild(preludes.play(session), { startImmediately: true })
      remove()
      yield* Fiber.join(playing)
      assert.deepStrictEqual(log, ["interrupted", "next"])
      assert.isFalse(preludes.isEmpty)
    }))

  it.effect("do not begin where they were removed while another one ran", () =>
    Effect.gen(function*() {
      const preludes = new Preludes()
      const log: Array<string> = []
      const end = preludes.add(() => Effect.never)
      const remove = preludes.add(() => Effect.sync(() => log.push("begins")))
      const playing = yield* Effect.forkChild(preludes.play(session), { startImmediately: true })
      remove()
      end()
      yield* Fiber.join(playing)
      assert.deepStrictEqual(log, [])
    }))

  it("say whether there are any", () => {
    const preludes = new Preludes()
    assert.isTrue(preludes.isEmpty)
    const remove = preludes.add(() => Effect.void)
    assert.isFalse(preludes.isEmpty)
    remove()
    assert.isTrue(preludes.isEmpty)
  })
})
