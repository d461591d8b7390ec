import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redis from "effect/persistence/Redis"
import { open } from "../../../src/outbox/internal/redisStore.ts"

/** A Redis that answers what it is told to, script by script. */
const answering = (answers: Array<unknown>) =>
  Effect.gen(function*() {
    const sent: Array<ReadonlyArray<string>> = []
    const redis = yield* Redis.make({
      send: <A>(command: string, ...args: ReadonlyArray<string>) =>
        Effect.suspend((): Effect.Effect<A, Redis.RedisError> => {
          if (command === "SCRIPT") return Effect.succeed("sha" as A)
          sent.push(args.slice(2))
          const answer = answers.shift()
          return answer instanceof Error
            ? Effect.fail(new Redis.RedisError({ cause: answer }))
            : Effect.succeed(answer as A)
        }),
      subscribe: () => Effect.die("not used"),
      connect: Effect.die("not used")
    })
    return { redis, sent }
  })

describe("the store in Redis", () => {
  it.effect("uses two keys of one slot, and tells each script who the owner is", () =>
    Effect.gen(function*() {
      const { redis, sent } = yield* answering([["abc", 5, "8", 2], ["stored"], ["read", "7 {\"a\":\" \"}"], ["gone"]])
      const log = yield* open(redis, "box", "orders")
      assert.deepStrictEqual([log.id, log.next, log.pending], ["abc", 8, 2])
      yield* log.append(8, ["\"x\""])
      assert.deepStrictEqual(yield* log.read(7, 10), [{ sequence: 7, payload: "{\"a\":\" \"}" }])
      yield* log.ack([7, 8])
      const keys = ["box:{orders}:owner", "box:{orders}:messages"]
      assert.deepStrictEqual(sent.slice(1), [
        [...keys, "5", "8", "\"x\""],
        [...keys, "5", "7", "10"],
        [...keys, "5", "7", "8"]
      ])
    }))

  it.effect("is tried again where Redis is away or full, and not where it is closed to us", () =>
    Effect.gen(function*() {
      for (
        const [said, retryable] of [
          ["The client is closed", true],
          ["OOM command not allowed when used memory > 'maxmemory'.", true],
          ["LOADING Redis is loading the dataset in memory", true],
          ["NOAUTH Authentication required.", false],
          ["WRONGTYPE Operation against a key holding the wrong kind of value", false]
        ] as const
      ) {
        const { redis } = yield* answering([new Error(said)])
        const error = yield* Effect.flip(open(redis, "box", "orders"))
        assert.strictEqual(error.retryable, retryable, said)
        assert.include(error.message, said)
      }
    }))
})
