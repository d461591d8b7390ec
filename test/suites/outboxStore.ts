// What every store of an outbox does, over whatever it keeps its messages in.
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { OutboxLog, OutboxStoreError, OutboxStoreService } from "../../src/outbox/OutboxStore.ts"

export interface StoreUnderTest {
  /** Stores over the same messages, each as another process would have it. */
  readonly open: Effect.Effect<OutboxStoreService, unknown, Scope.Scope>
  /** A name that nobody has used. */
  readonly name: () => string
  /** What a second owner finds while the first lives. */
  readonly secondOwner: "refused" | "fences"
}

const entries = (log: OutboxLog, from = 0, limit = 1000) => log.read(from, limit)
const numbers = (log: OutboxLog) => Effect.map(entries(log), (found) => found.map(({ sequence }) => sequence))

export const behavesAsAStore = (store: StoreUnderTest): void => {
  /** Opens, uses and leaves the outbox, as one process after the other would. */
  const owning = <A>(name: string, use: (log: OutboxLog) => Effect.Effect<A, OutboxStoreError>) =>
    Effect.scoped(Effect.flatMap(store.open, (opened) => Effect.flatMap(opened.open(name), use)))

  it.live("begins empty, with number 1 and an id of its own", () =>
    Effect.gen(function*() {
      const [one, other] = [store.name(), store.name()]
      const ids = new Set<string>()
      for (const name of [one, other]) {
        yield* owning(name, (log) =>
          Effect.gen(function*() {
            assert.deepStrictEqual([log.next, log.pending, yield* entries(log)], [1, 0, []])
            assert.match(log.id, /^[0-9a-f]{16}$/)
            ids.add(log.id)
          }))
      }
      assert.strictEqual(ids.size, 2)
    }))

  it.live("gives back what was appended, in order and from where it is asked", () =>
    Effect.gen(function*() {
      const name = store.name()
      const payloads = ["\"a\"", "{\"b\":\"ü€😀 ' % ? $1 \\\" \\\\\"}", "[]"] as const
      yield* owning(name, (log) =>
        Effect.gen(function*() {
          yield* log.append(1, payloads)
          yield* log.append(4, ["\"d\""])
          const all = [...payloads, "\"d\""].map((payload, index) => ({ sequence: index + 1, payload }))
          assert.deepStrictEqual(yield* entries(log), all)
          assert.deepStrictEqual(yield* entries(log, 2, 2), all.slice(1, 3))
          assert.deepStrictEqual(yield* entries(log, 5), [])
        }))
    }))

  it.live("keeps messages, numbers and the id for the next process", () =>
    Effect.gen(function*() {
      const name = store.name()
      const id = yield* owning(name, (log) => Effect.as(log.append(1, ["1", "2", "3"]), log.id))
      yield* owning(name, (log) =>
        Effect.gen(function*() {
          assert.deepStrictEqual([log.id, log.next, log.pending], [id, 4, 3])
          assert.deepStrictEqual(yield* numbers(log), [1, 2, 3])
          yield* log.append(4, ["4"])
        }))
      yield* owning(name, (log) => Effect.map(numbers(log), (found) => assert.deepStrictEqual(found, [1, 2, 3, 4])))
    }))

  it.live("removes single messages in any order, for good", () =>
    Effect.gen(function*() {
      const name = store.name()
      yield* owning(name, (log) =>
        Effect.gen(function*() {
          yield* log.append(1, ["1", "2", "3", "4", "5"])
          yield* log.ack([4, 2])
          yield* log.ack([2, 99])
          assert.deepStrictEqual(yield* numbers(log), [1, 3, 5])
        }))
      yield* owning(name, (log) =>
        Effect.gen(function*() {
          assert.strictEqual(log.pending, 3)
          assert.deepStrictEqual(yield* numbers(log), [1, 3, 5])
        }))
    }))

  it.live("never gives a number twice, even where all messages are gone", () =>
    Effect.gen(function*() {
      const name = store.name()
      yield* owning(name, (log) => Effect.andThen(log.append(1, ["1", "2"]), log.ack([1, 2])))
      yield* owning(name, (log) => Effect.sync(() => assert.deepStrictEqual([log.next, log.pending], [3, 0])))
    }))

  it.live("stores a batch once, however often it is told to, and brings nothing back that was removed", () =>
    Effect.gen(function*() {
      const name = store.name()
      yield* owning(name, (log) =>
        Effect.gen(function*() {
          yield* log.append(1, ["1", "2"])
          yield* log.append(1, ["1", "2"])
          assert.deepStrictEqual(yield* numbers(log), [1, 2])
          yield* log.ack([1])
          yield* log.append(1, ["1", "2"])
          assert.deepStrictEqual(yield* numbers(log), [2])
        }))
    }))

  it.live("refuses numbers that are out of turn, for good", () =>
    Effect.gen(function*() {
      yield* owning(store.name(), (log) =>
        Effect.gen(function*() {
          yield* log.append(1, ["1"])
          const error = yield* Effect.flip(log.append(3, ["3"]))
          assert.isFalse(error.retryable)
          assert.include(error.message, "message 3 was appended where 2 comes next")
        }).pipe(Effect.orDie))
    }))

  it.live("keeps outboxes of different names apart", () =>
    Effect.gen(function*() {
      const [one, other] = [`${store.name()}/..%`, `${store.name()} ü*`]
      yield* owning(one, (log) => log.append(1, ["\"one\""]))
      yield* owning(other, (log) => log.append(1, ["\"other\""]))
      yield* owning(one, (log) =>
        Effect.map(entries(log), (found) => assert.deepStrictEqual(found, [{ sequence: 1, payload: "\"one\"" }])))
    }))

  it.live("takes a batch of a thousand, and a message of a megabyte", () =>
    Effect.gen(function*() {
      const name = store.name()
      const large = JSON.stringify("x".repeat(1024 * 1024))
      yield* owning(name, (log) =>
        Effect.gen(function*() {
          yield* log.append(1, [large, ...Array.from({ length: 1000 }, (_, index) => `${index}`)])
          const found = yield* entries(log, 0, 2000)
          assert.strictEqual(found.length, 1001)
          assert.strictEqual(found[0]!.payload, large)
          assert.deepStrictEqual(found[1000], { sequence: 1001, payload: "999" })
          yield* log.ack(found.map(({ sequence }) => sequence))
          assert.deepStrictEqual(yield* entries(log), [])
        }))
    }))

  it.live(
    store.secondOwner === "refused"
      ? "refuses a second owner, and says which process is the first"
      : "fences the first owner where a second one opens the outbox",
    () =>
      Effect.gen(function*() {
        const name = store.name()
        const opened = yield* store.open
        const first = yield* opened.open(name)
        yield* first.append(1, ["1"])
        if (store.secondOwner === "refused") {
          const error = yield* Effect.flip(owning(name, () => Effect.void))
          assert.isFalse((error as OutboxStoreError).retryable)
          assert.include((error as OutboxStoreError).message, `is open in process ${process.pid}`)
          return yield* first.append(2, ["2"])
        }
        yield* owning(name, (log) => log.append(2, ["2"]))
        for (const attempt of [first.append(2, ["two"]), first.read(0, 10)]) {
          const error = yield* Effect.flip(Effect.asVoid(attempt as Effect.Effect<unknown, OutboxStoreError>))
          assert.isFalse(error.retryable)
          assert.include(error.message, `another process has opened the outbox "${name}" since`)
        }
      }).pipe(Effect.scoped)
  )
}
