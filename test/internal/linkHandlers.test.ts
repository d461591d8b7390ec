import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { LinkHandlers } from "../../src/internal/linkHandlers.ts"

describe("LinkHandlers", () => {
  it.effect("are called in order, each while its scope is open", () =>
    Effect.gen(function*() {
      const handlers = new LinkHandlers<string>()
      const seen: Array<string> = []
      yield* handlers.scoped((value) => seen.push(`first ${value}`))
      yield* Effect.scoped(Effect.andThen(
        handlers.scoped((value) => seen.push(`second ${value}`)),
        Effect.sync(() => handlers.call("a"))
      ))
      handlers.call("b")
      assert.deepStrictEqual(seen, ["first a", "second a", "first b"])
    }))

  it.effect("may go while they are called, and the others are called all the same", () =>
    Effect.gen(function*() {
      const handlers = new LinkHandlers<string>()
      const seen: Array<string> = []
      const scope = yield* Scope.make()
      yield* Scope.provide(
        handlers.scoped((value) => {
          seen.push(`first ${value}`)
          Effect.runSync(Scope.close(scope, Exit.void))
        }),
        scope
      )
      yield* handlers.scoped((value) => seen.push(`second ${value}`))
      handlers.call("a")
      handlers.call("b")
      assert.deepStrictEqual(seen, ["first a", "second a", "second b"])
    }))

  it.effect("the same handler twice is called twice, and each goes for itself", () =>
    Effect.gen(function*() {
      const handlers = new LinkHandlers<string>()
      let calls = 0
      const handler = () => {
        calls++
      }
      yield* handlers.scoped(handler)
      yield* Effect.scoped(handlers.scoped(handler))
      handlers.call("a")
      assert.strictEqual(calls, 1)
    }))
})
