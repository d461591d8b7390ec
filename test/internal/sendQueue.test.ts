import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { AbnormalClosure, ConnectionError } from "../../src/ConnectionError.ts"
import type { Journal } from "../../src/internal/journal.ts"
import { SendQueue, type WhileDisconnected } from "../../src/internal/sendQueue.ts"
import type { WaitsFor } from "../../src/internal/waitingLine.ts"
import type { Message } from "../../src/Link.ts"
import { collect, settle } from "../support/connect.ts"
import { makeJournal } from "../support/journal.ts"

const lost = new ConnectionError({ reason: new AbnormalClosure({ cause: undefined }) })

/** A queue, and the outcomes of those who wait in it. */
const make = Effect.fnUntraced(function*(policy: WhileDisconnected) {
  const journal: Journal = yield* makeJournal({ name: "queue", onTick: () => {} })
  const queue = new SendQueue(policy, journal)
  const outcomes: Array<string> = []
  const wait = (message: string, waitsFor: WaitsFor = "policy") =>
    queue.wait(message, waitsFor, (outcome) => {
      const exit = Effect.runSyncExit(outcome)
      if (Exit.isSuccess(exit)) return outcomes.push(`${message}: sent`)
      const { reason } = Cause.squash(exit.cause) as ConnectionError
      return outcomes.push(`${message}: ${reason._tag === "SendFailed" ? reason.delivery : reason._tag}`)
    })
  const buffer = (...messages: ReadonlyArray<Message>) => {
    assert(policy.mode === "buffer")
    return messages.map((message) => queue.buffer(message, policy))
  }
  /** Hands over all that waits. */
  const drain = (): Array<Message> => {
    const sent: Array<Message> = []
    for (let next = queue.head; next !== undefined; next = queue.head) {
      sent.push(next.frame.message)
      queue.sent()
    }
    return sent
  }
  const events = yield* collect(journal.events)
  const dropped = () =>
    events.flatMap((event) => event._tag === "Dropped" ? [`${event.reason} ${event.messages}/${event.bytes}`] : [])
  return { buffer, drain, dropped, outcomes, queue, wait }
})

describe("what waits", () => {
  it.effect("keeps its order, whether it was suspended or buffered, and is told when it was handed over", () =>
    Effect.gen(function*() {
      const { buffer, drain, outcomes, queue, wait } = yield* make({
        mode: "buffer",
        messages: 5,
        bytes: 100,
        overflow: "suspend"
      })
      wait("a", "any")
      buffer("b")
      wait("c", "any")
      assert.strictEqual(queue.length, 3)
      assert.deepStrictEqual(drain(), ["a", "b", "c"])
      assert.deepStrictEqual(outcomes, ["a: sent", "c: sent"])
      assert.isUndefined(queue.head)
    }))

  it.effect("may leave, and is told nothing then", () =>
    Effect.gen(function*() {
      const { drain, outcomes, queue, wait } = yield* make({ mode: "suspend" })
      const [first, second] = [wait("a"), wait("b")]
      assert.isTrue(queue.leave(first))
      assert.isFalse(queue.leave(first))
      assert.deepStrictEqual(drain(), ["b"])
      assert.isFalse(queue.leave(second))
      assert.deepStrictEqual(outcomes, ["b: sent"])
    }))
})

describe("the buffer", () => {
  it.effect("keeps its own copy of bytes", () =>
    Effect.gen(function*() {
      const { buffer, drain } = yield* make({ mode: "buffer", messages: 5, bytes: 100, overflow: "fail" })
      const bytes = new Uint8Array([1, 2])
      buffer(bytes)
      bytes.fill(9)
      assert.deepStrictEqual(drain(), [new Uint8Array([1, 2])])
    }))

  for (const overflow of ["suspend", "fail"] as const) {
    it.effect(`that is full answers ${overflow}, and drops nothing`, () =>
      Effect.gen(function*() {
        const { buffer, drain, dropped } = yield* make({ mode: "buffer", messages: 2, bytes: 10, overflow })
        assert.deepStrictEqual(buffer("12345", "123456", "12345", ""), ["kept", overflow, "kept", overflow])
        yield* settle
        assert.deepStrictEqual(dropped(), [])
        assert.deepStrictEqual(drain(), ["12345", "12345"])
        assert.deepStrictEqual(buffer("1234567890"), ["kept"])
      }))
  }

  it.effect("makes room by dropping the oldest, of several as many as needed", () =>
    Effect.gen(function*() {
      const { buffer, drain, dropped } = yield* make({ mode: "buffer", messages: 9, bytes: 30, overflow: "dropOldest" })
      buffer("a".repeat(10), "b".repeat(10), "c".repeat(10), "x".repeat(25))
      yield* settle
      assert.deepStrictEqual(dropped(), ["dropOldest 3/30"])
      assert.deepStrictEqual(drain(), ["x".repeat(25)])
    }))

  it.effect("drops what is larger than all of it, and none of the others", () =>
    Effect.gen(function*() {
      const { buffer, drain, dropped } = yield* make({ mode: "buffer", messages: 9, bytes: 5, overflow: "dropOldest" })
      assert.deepStrictEqual(buffer("123", "123456"), ["kept", "dropped"])
      yield* settle
      assert.deepStrictEqual(dropped(), ["dropOldest 1/6"])
      assert.deepStrictEqual(drain(), ["123"])
    }))

  it.effect("drops the newest where it is told to", () =>
    Effect.gen(function*() {
      const { buffer, drain, dropped } = yield* make({ mode: "buffer", messages: 1, bytes: 50, overflow: "dropNewest" })
      assert.deepStrictEqual(buffer("a", "bb"), ["kept", "dropped"])
      yield* settle
      assert.deepStrictEqual(dropped(), ["dropNewest 1/2"])
      assert.deepStrictEqual(drain(), ["a"])
    }))
})

describe("when the session ends", () => {
  for (
    const [policy, left, told] of [
      [{ mode: "suspend" }, ["for any", "by policy"], ["for this: notSent"]],
      [{ mode: "fail" }, ["for any"], ["for this: notSent", "by policy: notSent"]],
      [{ mode: "drop" }, ["for any"], ["for this: notSent", "by policy: sent"]],
      [
        { mode: "buffer", messages: 1, bytes: 100, overflow: "fail" },
        ["for any", "by policy"],
        ["for this: notSent", "by policy: sent"]
      ],
      [
        { mode: "buffer", messages: 0, bytes: 100, overflow: "suspend" },
        ["for any", "by policy"],
        ["for this: notSent"]
      ],
      [
        { mode: "buffer", messages: 0, bytes: 100, overflow: "dropNewest" },
        ["for any"],
        ["for this: notSent", "by policy: sent"]
      ]
    ] as const
  ) {
    it.effect(`senders wait, fail or return as they and the policy say: ${JSON.stringify(policy)}`, () =>
      Effect.gen(function*() {
        const { drain, outcomes, queue, wait } = yield* make(policy)
        wait("for this", "session")
        wait("for any", "any")
        wait("by policy", "policy")
        queue.sessionEnded(lost)
        assert.deepStrictEqual(outcomes.splice(0), [...told])
        assert.deepStrictEqual(drain(), [...left])
      }))
  }

  it.effect("a sender that is told, and goes on at once, does not overtake those that waited behind it", () =>
    Effect.gen(function*() {
      const { buffer, drain, queue, wait } = yield* make({ mode: "buffer", messages: 9, bytes: 100, overflow: "fail" })
      queue.wait("first", "policy", () => void buffer("next"))
      wait("second")
      queue.sessionEnded(lost)
      assert.deepStrictEqual(drain(), ["first", "second", "next"])
    }))
})

describe("when all is over", () => {
  it.effect("whoever waits is told, and what was buffered is counted", () =>
    Effect.gen(function*() {
      const { buffer, dropped, outcomes, queue, wait } = yield* make({
        mode: "buffer",
        messages: 5,
        bytes: 100,
        overflow: "fail"
      })
      buffer("abc", "d")
      wait("waits", "any")
      assert.isTrue(queue.close(Effect.fail(lost)))
      yield* settle
      assert.deepStrictEqual(outcomes, ["waits: notSent"])
      assert.deepStrictEqual(dropped(), ["closed 2/4"])
      assert.strictEqual(queue.length, 0)
      assert.isFalse(queue.close(Effect.fail(lost)))
    }))
})
