import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { TestClock } from "effect/testing"
import { ConnectionError } from "../src/ConnectionError.ts"
import * as Subscriptions from "../src/Subscriptions.ts"
import { beside, settle, type Setup } from "./support/connect.ts"
import { converse, heard, type Said, say, type Talk } from "./support/conversation.ts"

type Options = Partial<Subscriptions.Options<Said, Said, string>>
type Subscribed = Subscriptions.Subscriptions<Said, Said, string>

const over = (protocol: Talk, options: Options = {}) =>
  Subscriptions.make({ protocol, keyOf: ({ key, keys }) => keys ?? key, ...options })

const make = (options: Options = {}, setup: Setup = {}) =>
  Effect.gen(function*() {
    const talk = yield* converse(setup)
    return { ...talk, subscriptions: yield* over(talk.protocol, options) }
  })

type Sub = Partial<Subscriptions.SubscribeOptions<Said, Said, string, number>>

const sub = (key: string, options: Sub = {}): Subscriptions.SubscribeOptions<Said, Said, string, number> => ({
  key,
  open: { op: "open", key },
  close: { op: "close", key },
  select: ({ n }) => n,
  ...options
})

/** What became of a subscriber, in words. */
const ending = (exit: Exit.Exit<void, unknown> | undefined): string => {
  if (exit === undefined) return "runs"
  if (Exit.isSuccess(exit)) return "ended"
  const error: unknown = exit.cause.reasons.map((reason) => reason._tag === "Fail" ? reason.error : reason._tag)[0]
  return error instanceof ConnectionError
    ? error.reason._tag
    : error instanceof Error && "_tag" in error
    ? String(error._tag)
    : String(error)
}

/** Subscribes beside the test, and keeps what comes. */
const follow = (subscriptions: Subscribed, key: string, options: Sub = {}) =>
  Effect.gen(function*() {
    const seen: Array<number | string> = []
    const fiber = yield* beside(Stream.runForEach(
      subscriptions.subscribe(sub(key, options)),
      (n) => Effect.sync(() => seen.push(n))
    ))
    return {
      seen,
      stop: Effect.andThen(Fiber.interrupt(fiber), settle),
      get ending() {
        return ending(fiber.pollUnsafe())
      }
    }
  })

const lose = Effect.fnUntraced(function*(server: { readonly peer: Effect.Effect<PeerOf> }, peer: PeerOf) {
  yield* settle
  yield* peer.drop
  yield* settle
  yield* TestClock.adjust("1 second")
  return yield* server.peer
})

type PeerOf = Effect.Success<Effect.Success<ReturnType<typeof make>>["server"]["peer"]>

describe("Subscriptions", () => {
  it.effect("opens with the first subscriber of a key and closes with the last", () =>
    Effect.gen(function*() {
      const { server, subscriptions } = yield* make()
      const peer = yield* server.peer
      const first = yield* follow(subscriptions, "a")
      const second = yield* follow(subscriptions, "a")
      assert.deepStrictEqual(yield* subscriptions.counts, { keys: 1, subscribers: 2, dropped: 0 })
      yield* say(peer, { key: "a", n: 1 }, { key: "b", n: 2 }, { n: 3 }, { key: "a", op: "no number" })
      yield* first.stop
      yield* say(peer, { key: "a", n: 4 })
      assert.deepStrictEqual(yield* heard(peer), ["open a"])
      yield* second.stop
      assert.deepStrictEqual(yield* heard(peer), ["open a", "close a"])
      assert.deepStrictEqual([first.seen, second.seen], [[1], [1, 4]])
      assert.deepStrictEqual(yield* subscriptions.counts, { keys: 0, subscribers: 0, dropped: 0 })
    }))

  it.effect("replays what is subscribed to, in the order of first subscription, before what the user sends", () =>
    Effect.gen(function*() {
      const { protocol, server, subscriptions } = yield* make({}, {
        handshake: { greet: (session) => session.send(JSON.stringify({ op: "greet" })) }
      })
      const peer = yield* server.peer
      const a = yield* follow(subscriptions, "a")
      const b = yield* follow(subscriptions, "b")
      const c = yield* follow(subscriptions, "c")
      yield* follow(subscriptions, "b")
      yield* settle
      yield* a.stop
      yield* follow(subscriptions, "a")
      assert.deepStrictEqual(yield* subscriptions.keys, ["b", "c", "a"])
      yield* settle
      yield* peer.drop
      yield* settle
      yield* beside(protocol.send({ op: "user" }))
      yield* TestClock.adjust("1 second")
      const next = yield* server.peer
      assert.deepStrictEqual(yield* heard(next), ["greet", "open b", "open c", "open a", "user"])
      yield* say(next, { key: "b", n: 1 }, { key: "c", n: 2 })
      assert.deepStrictEqual([b.seen, c.seen], [[1], [2]])
    }))

  it.effect("while disconnected, subscribing is for the next session, and leaving sends nothing later", () =>
    Effect.gen(function*() {
      const { server, subscriptions } = yield* make()
      const peer = yield* server.peer
      const before = yield* follow(subscriptions, "before")
      yield* settle
      yield* peer.drop
      yield* settle
      yield* follow(subscriptions, "between")
      const gone = yield* follow(subscriptions, "gone")
      yield* before.stop
      yield* gone.stop
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* heard(yield* server.peer), ["open between"])
      assert.deepStrictEqual(yield* heard(peer), ["open before"])
    }))

  it.effect("a session that was open before the subscriptions were made is served too", () =>
    Effect.gen(function*() {
      const { connection, protocol, server } = yield* converse()
      const peer = yield* server.peer
      yield* connection.awaitOpen
      const subscriptions = yield* over(protocol)
      const a = yield* follow(subscriptions, "a")
      yield* settle
      yield* say(peer, { key: "a", n: 1 })
      assert.deepStrictEqual(yield* heard(peer), ["open a"])
      const next = yield* lose(server, peer)
      yield* say(next, { key: "a", n: 2 })
      assert.deepStrictEqual(yield* heard(next), ["open a"])
      assert.deepStrictEqual(a.seen, [1, 2])
    }))

  it.effect("coming and going in one tick is orderly", () =>
    Effect.gen(function*() {
      const { server, subscriptions } = yield* make()
      const peer = yield* server.peer
      yield* settle
      const run = (key: string) => Effect.scoped(Effect.asVoid(Stream.toPull(subscriptions.subscribe(sub(key)))))
      // Each subscription is over before the next one begins; the last one stays.
      for (let i = 0; i < 5; i++) yield* run("a")
      const a = yield* follow(subscriptions, "a")
      yield* run("a")
      const told = yield* heard(peer)
      assert.strictEqual(told[told.length - 1], "open a")
      for (const [index, words] of told.entries()) assert.strictEqual(words, index % 2 === 0 ? "open a" : "close a")
      yield* a.stop
      yield* follow(subscriptions, "a")
      assert.deepStrictEqual(yield* heard(peer), [...told, "close a", "open a"])
    }))

  it.effect("what waits for room is not opened where the last subscriber has left meanwhile", () =>
    Effect.gen(function*() {
      const { protocol, server, subscriptions } = yield* make({}, {
        connection: { outbound: { highWaterMark: 10 } }
      })
      const peer = yield* server.peer
      yield* settle
      yield* peer.pauseReading
      yield* protocol.send({ op: "x".repeat(200_000) })
      const a = yield* follow(subscriptions, "a")
      const b = yield* follow(subscriptions, "b")
      const c = yield* follow(subscriptions, "c")
      yield* settle
      // In the transport's queue already, and so closed again; the other one was not opened yet.
      yield* a.stop
      yield* b.stop
      yield* peer.resumeReading
      yield* settle
      assert.deepStrictEqual((yield* heard(peer)).slice(1), ["open a", "open c", "close a"])
      yield* c.stop
    }))

  it.effect("`open` as a function is asked afresh each time", () =>
    Effect.gen(function*() {
      const { server, subscriptions } = yield* make()
      const peer = yield* server.peer
      let position = 0
      yield* follow(subscriptions, "a", { open: () => ({ op: "open", key: "a", id: position }) })
      assert.deepStrictEqual(yield* heard(peer), ["open a 0"])
      position = 7
      assert.deepStrictEqual(yield* heard(yield* lose(server, peer)), ["open a 7"])
    }))

  it.effect("an `open` that cannot be encoded, or throws, lets down its own subscribers only", () =>
    Effect.gen(function*() {
      const { server, subscriptions } = yield* make()
      const peer = yield* server.peer
      yield* settle
      const bad = yield* follow(subscriptions, "bad", { open: { n: 1n as unknown as number } })
      const worse = yield* follow(subscriptions, "worse", {
        open: () => {
          throw new Error("a bug")
        }
      })
      const good = yield* follow(subscriptions, "good")
      assert.deepStrictEqual(yield* heard(peer), ["open good"])
      assert.deepStrictEqual([bad.ending, worse.ending, good.ending], ["SendFailed", "Die", "runs"])
      assert.deepStrictEqual(yield* subscriptions.keys, ["good"])
    }))

  it.effect("a `select` that throws is a defect of its own subscriber only", () =>
    Effect.gen(function*() {
      const { server, subscriptions } = yield* make()
      const peer = yield* server.peer
      const bad = yield* follow(subscriptions, "a", {
        select: () => {
          throw new Error("a bug")
        }
      })
      const good = yield* follow(subscriptions, "a")
      yield* settle
      yield* say(peer, { key: "a", n: 1 })
      assert.deepStrictEqual([bad.ending, good.ending, good.seen], ["Die", "runs", [1]])
    }))

  describe("routing", () => {
    it.effect("a message may have several keys, and one that names a key twice is told once", () =>
      Effect.gen(function*() {
        const { server, subscriptions } = yield* make()
        const peer = yield* server.peer
        const a = yield* follow(subscriptions, "a")
        const b = yield* follow(subscriptions, "b")
        yield* settle
        yield* say(peer, { keys: ["a", "b", "a", "c"], n: 1 }, { keys: [], n: 2 })
        assert.deepStrictEqual([a.seen, b.seen], [[1], [1]])
      }))

    it.effect("without keyOf every subscriber is asked", () =>
      Effect.gen(function*() {
        const { server, subscriptions } = yield* make({ keyOf: undefined })
        const peer = yield* server.peer
        const a = yield* follow(subscriptions, "a", { select: ({ key, n }) => key === "a" ? n : undefined })
        const all = yield* follow(subscriptions, "all")
        yield* settle
        yield* say(peer, { key: "a", n: 1 }, { n: 2 })
        assert.deepStrictEqual([a.seen, all.seen], [[1], [1, 2]])
      }))

    it.effect.each([10, 1000, 10_000])("with %i keys a message asks one subscriber", (keys) =>
      Effect.gen(function*() {
        const { server, subscriptions } = yield* make()
        const peer = yield* server.peer
        let asked = 0
        const select = ({ n }: Said) => {
          asked++
          return n
        }
        const scope = yield* Effect.scope
        for (let i = 0; i < keys; i++) {
          const pull = yield* Stream.toPull(subscriptions.subscribe(sub(`key ${i}`, { select })))
          yield* Effect.forkIn(Effect.ignore(pull), scope, { startImmediately: true })
        }
        yield* settle
        for (let i = 0; i < 100; i++) yield* peer.send(JSON.stringify({ key: `key ${i * 7 % keys}`, n: i }))
        yield* settle
        assert.strictEqual(asked, 100)
      }))
  })

  describe("gaps", () => {
    it.effect("everybody is told of each, in order: what came before, the gap, what came after", () =>
      Effect.gen(function*() {
        const order: Array<string> = []
        const { server, subscriptions } = yield* make({
          onGap: (gap) =>
            Effect.sync(() => {
              order.push(`gap of ${String(gap.downtime)} before session ${gap.next.id}: ${gap.previous.reason._tag}`)
            })
        })
        let peer = yield* server.peer
        const stream = subscriptions.subscribe(sub("a", {
          onGap: ({ next }) => Effect.sync(() => order.push(`a: gap ${next.id}`))
        }))
        yield* beside(Stream.runForEach(stream, (n) => Effect.sync(() => order.push(`a: ${n}`))))
        yield* settle
        yield* peer.send(JSON.stringify({ key: "a", n: 1 }))
        peer = yield* lose(server, peer)
        yield* say(peer, { key: "a", n: 2 })
        // Who came between is not told of a gap in what it never had.
        yield* peer.close(1001)
        yield* settle
        const late = yield* follow(subscriptions, "a", { onGap: () => Effect.sync(() => order.push("late: gap")) })
        yield* TestClock.adjust("10 seconds")
        peer = yield* server.peer
        yield* settle
        yield* say(peer, { key: "a", n: 3 })
        assert.deepStrictEqual(order.map((line) => line.replace(/of .* before/, "before")), [
          "a: 1",
          "gap before session 2: AbnormalClosure",
          "a: gap 2",
          "a: 2",
          "gap before session 3: GoingAway",
          "a: gap 3",
          "a: 3"
        ])
        assert.deepStrictEqual(late.seen, [3])
      }))

    it.effect("messages of the new session wait until `onGap` is done, which may request and send as it likes", () =>
      Effect.gen(function*() {
        const order: Array<string> = []
        const talk = yield* converse()
        const { protocol, server } = talk
        const subscriptions = yield* over(protocol, {
          onGap: () => Effect.andThen(Effect.orDie(protocol.send({ op: "whole" })), Effect.sleep("2 seconds"))
        })
        const peer = yield* server.peer
        const stream = subscriptions.subscribe(sub("a", {
          onGap: ({ next }) =>
            Effect.gen(function*() {
              yield* Effect.orDie(next.send({ op: "snapshot" }))
              yield* Effect.sleep("1 second")
              order.push("resynced")
            })
        }))
        yield* beside(Stream.runForEach(stream, (n) => Effect.sync(() => order.push(`${n}`))))
        const next = yield* lose(server, peer)
        yield* say(next, { key: "a", n: 1 })
        assert.deepStrictEqual(yield* heard(next), ["open a", "whole"])
        yield* TestClock.adjust("2 seconds")
        yield* say(next, { key: "a", n: 2 })
        assert.deepStrictEqual(yield* heard(next), ["open a", "whole", "snapshot"])
        assert.deepStrictEqual(order, [])
        yield* TestClock.adjust("1 second")
        assert.deepStrictEqual(order, ["resynced", "1", "2"])
      }))

    it.effect("`onGap` of the whole is interrupted with its session, and the next gap is told anew", () =>
      Effect.gen(function*() {
        const order: Array<string> = []
        const { server, subscriptions } = yield* make({
          onGap: ({ next }) =>
            Effect.onInterrupt(
              Effect.andThen(Effect.sleep("10 seconds"), Effect.sync(() => order.push(`whole ${next.id}`))),
              () => Effect.sync(() => order.push(`interrupted ${next.id}`))
            )
        })
        const peer = yield* server.peer
        const a = yield* follow(subscriptions, "a", {
          onGap: ({ next }) => Effect.sync(() => order.push(`a ${next.id}`))
        })
        const second = yield* lose(server, peer)
        const third = yield* lose(server, second)
        yield* say(third, { key: "a", n: 1 })
        yield* TestClock.adjust("10 seconds")
        assert.deepStrictEqual(order, ["interrupted 2", "whole 3", "a 3"])
        assert.deepStrictEqual(a.seen, [1])
      }))

    it.effect("a failure of a subscriber's `onGap` is a failure of its stream", () =>
      Effect.gen(function*() {
        const { server, subscriptions } = yield* make()
        const peer = yield* server.peer
        const stream = subscriptions.subscribe({ ...sub("a"), onGap: () => Effect.fail("no snapshot" as const) })
        const fiber = yield* beside(Stream.runDrain(stream))
        const next = yield* lose(server, peer)
        assert.strictEqual(yield* Effect.flip(Fiber.join(fiber)), "no snapshot")
        assert.deepStrictEqual(yield* heard(next), ["open a", "close a"])
      }))
  })

  describe("confirm", () => {
    const confirm = ({ op }: Said) => op === "ok" ? "confirmed" as const : op === "no" ? "refused" as const : undefined

    it.effect("a refusal lets down the subscribers of that key only, and nothing is closed", () =>
      Effect.gen(function*() {
        const { server, subscriptions } = yield* make()
        const peer = yield* server.peer
        const a = yield* follow(subscriptions, "a", { confirm })
        const also = yield* follow(subscriptions, "a")
        const b = yield* follow(subscriptions, "b", { confirm })
        yield* settle
        yield* say(peer, { key: "b", op: "ok" }, { key: "a", op: "no" })
        assert.deepStrictEqual([a.ending, also.ending, b.ending], [
          "SubscriptionRefused",
          "SubscriptionRefused",
          "runs"
        ])
        yield* TestClock.adjust("1 minute")
        assert.strictEqual(b.ending, "runs")
        assert.deepStrictEqual(yield* heard(peer), ["open a", "open b"])
      }))

    it.effect("no answer in time lets them down, and says `close`, since the peer may have it", () =>
      Effect.gen(function*() {
        const { server, subscriptions } = yield* make({ confirmTimeout: "2 seconds" })
        const peer = yield* server.peer
        const a = yield* follow(subscriptions, "a", { confirm })
        yield* TestClock.adjust("1 second")
        const b = yield* follow(subscriptions, "b", { confirm })
        yield* TestClock.adjust("999 millis")
        assert.strictEqual(a.ending, "runs")
        yield* TestClock.adjust("1 millis")
        assert.deepStrictEqual([a.ending, b.ending], ["SubscriptionTimedOut", "runs"])
        yield* say(peer, { key: "b", op: "ok" })
        yield* TestClock.adjust("1 minute")
        assert.strictEqual(b.ending, "runs")
        assert.deepStrictEqual(yield* heard(peer), ["open a", "open b", "close a"])
      }))

    it.effect("an answer without a key is for the first that knows it; a new session asks again", () =>
      Effect.gen(function*() {
        const { server, subscriptions } = yield* make({ confirmTimeout: "2 seconds" })
        const peer = yield* server.peer
        const a = yield* follow(subscriptions, "a", { confirm })
        const b = yield* follow(subscriptions, "b", { confirm })
        yield* settle
        yield* say(peer, { op: "ok" })
        const next = yield* lose(server, peer)
        yield* TestClock.adjust("1500 millis")
        yield* say(next, { op: "ok" })
        yield* TestClock.adjust("500 millis")
        assert.deepStrictEqual([a.ending, b.ending], ["runs", "SubscriptionTimedOut"])
      }))

    it.effect("messages flow before it, and time does not run while disconnected", () =>
      Effect.gen(function*() {
        const { server, subscriptions } = yield* make({ confirmTimeout: "2 seconds" }, {
          server: (server) => server.next.stall
        })
        const a = yield* follow(subscriptions, "a", { confirm })
        yield* TestClock.adjust("11 seconds")
        const peer = yield* server.peer
        yield* settle
        yield* say(peer, { key: "a", n: 1 })
        assert.deepStrictEqual([a.seen, a.ending], [[1], "runs"])
      }))
  })

  describe("replay", () => {
    it.effect("no window holds more than the limit, and user frames wait until it is done", () =>
      Effect.gen(function*() {
        const { protocol, server, subscriptions } = yield* make({
          replay: { batch: 4, rateLimit: { limit: 10, window: "1 second" } }
        })
        const peer = yield* server.peer
        for (let i = 0; i < 25; i++) yield* follow(subscriptions, `${i}`)
        yield* settle
        assert.strictEqual((yield* heard(peer)).length, 10)
        yield* TestClock.adjust("10 seconds")
        assert.strictEqual((yield* heard(peer)).length, 25)
        yield* peer.drop
        yield* settle
        yield* beside(protocol.send({ op: "user" }))
        yield* TestClock.adjust("1 second")
        const next = yield* server.peer
        const counts: Array<number> = []
        for (let i = 0; i < 30; i++) {
          counts.push((yield* heard(next)).length)
          yield* TestClock.adjust("100 millis")
        }
        for (let i = 10; i < counts.length; i++) assert.isAtMost(counts[i]! - counts[i - 10]!, 10)
        const told = yield* heard(next)
        assert.deepStrictEqual(told, [...Array.from({ length: 25 }, (_, i) => `open ${i}`), "user"])
      }))

    it.effect("what is not replayed yet when the session ends is not sent twice in the next", () =>
      Effect.gen(function*() {
        const { server, subscriptions } = yield* make({ replay: { rateLimit: { limit: 2, window: "10 seconds" } } })
        const peer = yield* server.peer
        for (const key of ["a", "b", "c"]) yield* follow(subscriptions, key)
        yield* settle
        assert.deepStrictEqual(yield* heard(peer), ["open a", "open b"])
        const next = yield* lose(server, peer)
        yield* TestClock.adjust("1 minute")
        assert.deepStrictEqual(yield* heard(next), ["open a", "open b", "open c"])
      }))
  })

  describe("a slow subscriber", () => {
    const slow = (subscriptions: Subscribed, options: Sub = {}) =>
      Effect.gen(function*() {
        const seen: Array<number> = []
        const fiber = yield* beside(Stream.runForEach(
          subscriptions.subscribe(sub("a", options)),
          (n) => Effect.andThen(Effect.sync(() => seen.push(n)), Effect.sleep("1 second"))
        ))
        return {
          seen,
          get ending() {
            return ending(fiber.pollUnsafe())
          }
        }
      })
    const numbers = (count: number) => Array.from({ length: count }, (_, n): Said => ({ key: "a", n }))
    const paused = (connection: Talk["connection"]) =>
      Effect.map(connection.status, (status) => status._tag === "Open" && status.paused)

    it.effect("by default holds up the socket until there is room, and nothing is lost", () =>
      Effect.gen(function*() {
        const { connection, server, subscriptions } = yield* make({ buffer: { capacity: 4 } }, {
          connection: { inbound: { highWaterMark: 100 } }
        })
        const peer = yield* server.peer
        const a = yield* slow(subscriptions)
        const quick = yield* follow(subscriptions, "a")
        yield* settle
        yield* say(peer, { key: "a", n: -1 })
        yield* say(peer, ...numbers(30))
        assert.isTrue(yield* paused(connection))
        assert.isBelow(quick.seen.length, 15)
        yield* TestClock.adjust("40 seconds")
        assert.isFalse(yield* paused(connection))
        assert.deepStrictEqual(a.seen, [-1, ...numbers(30).map(({ n }) => n!)])
        assert.deepStrictEqual(quick.seen, a.seen)
      }))

    it.effect("does so no longer once it has left", () =>
      Effect.gen(function*() {
        const { connection, server, subscriptions } = yield* make({ buffer: { capacity: 2 } }, {
          connection: { inbound: { highWaterMark: 50 } }
        })
        const peer = yield* server.peer
        const quick = yield* follow(subscriptions, "a")
        const scope = yield* Scope.make()
        yield* Effect.forkIn(
          Stream.runForEach(subscriptions.subscribe(sub("a")), () => Effect.never),
          scope,
          { startImmediately: true }
        )
        yield* settle
        yield* say(peer, { key: "a", n: -1 })
        yield* say(peer, ...numbers(20))
        assert.isTrue(yield* paused(connection))
        yield* Scope.close(scope, Exit.void)
        yield* settle
        assert.isFalse(yield* paused(connection))
        assert.strictEqual(quick.seen.length, 21)
      }))

    it.effect.each(
      [
        ["dropOldest", [-1, 26, 27, 28, 29]],
        ["dropNewest", [-1, 0, 1, 2, 3]]
      ] as const
    )("with %s misses some, counted, and holds up nobody", ([overflow, expected]) =>
      Effect.gen(function*() {
        const { connection, server, subscriptions } = yield* make()
        const peer = yield* server.peer
        const a = yield* slow(subscriptions, { buffer: { capacity: 4, overflow } })
        const quick = yield* follow(subscriptions, "a")
        yield* settle
        yield* say(peer, { key: "a", n: -1 })
        yield* say(peer, ...numbers(30))
        assert.isFalse(yield* paused(connection))
        yield* TestClock.adjust("10 seconds")
        assert.deepStrictEqual(a.seen, [...expected])
        assert.strictEqual(quick.seen.length, 31)
        assert.strictEqual((yield* subscriptions.counts).dropped, 26)
      }))

    it.effect("with fail fails alone, after what it has", () =>
      Effect.gen(function*() {
        const { server, subscriptions } = yield* make()
        const peer = yield* server.peer
        const a = yield* slow(subscriptions, { buffer: { capacity: 4, overflow: "fail" } })
        const quick = yield* follow(subscriptions, "a")
        yield* settle
        yield* say(peer, { key: "a", n: -1 })
        yield* say(peer, ...numbers(30))
        yield* TestClock.adjust("10 seconds")
        assert.deepStrictEqual(a.seen, [-1, 0, 1, 2, 3])
        assert.strictEqual(a.ending, "SubscriptionOverflow")
        assert.strictEqual(quick.seen.length, 31)
      }))
  })

  describe("when it is all over", () => {
    it.effect("closed by us: every subscriber reads what it has, and ends", () =>
      Effect.gen(function*() {
        const { connection, server, subscriptions } = yield* make()
        const peer = yield* server.peer
        const a = yield* follow(subscriptions, "a")
        yield* settle
        yield* peer.send(JSON.stringify({ key: "a", n: 1 }))
        yield* settle
        yield* connection.close()
        yield* settle
        const after = yield* follow(subscriptions, "b")
        yield* settle
        assert.deepStrictEqual([a.seen, a.ending, after.ending], [[1], "ended", "ended"])
      }))

    it.effect("given up: every subscriber fails with the cause", () =>
      Effect.gen(function*() {
        const { server, subscriptions } = yield* make()
        const peer = yield* server.peer
        const a = yield* follow(subscriptions, "a")
        yield* settle
        yield* peer.close(1008)
        yield* settle
        assert.strictEqual(a.ending, "PolicyViolation")
      }))

    it.effect("the scope of the subscriptions closes: they end, and nothing is sent", () =>
      Effect.gen(function*() {
        const { protocol, server } = yield* converse()
        const peer = yield* server.peer
        const scope = yield* Scope.make()
        const subscriptions = yield* Scope.provide(over(protocol), scope)
        const a = yield* follow(subscriptions, "a")
        yield* settle
        yield* Scope.close(scope, Exit.void)
        yield* settle
        assert.strictEqual(a.ending, "ended")
        assert.deepStrictEqual(yield* heard(peer), ["open a"])
      }))
  })

  it.effect("options that can never work are refused by name", () =>
    Effect.gen(function*() {
      const { protocol, subscriptions } = yield* make()
      const errors = [
        yield* Effect.flip(over(protocol, { replay: { batch: 0 } })),
        yield* Effect.flip(Stream.runDrain(subscriptions.subscribe(sub("a", { buffer: { capacity: 1.5 } }))))
      ]
      assert.deepStrictEqual(errors.map((error) => error.message.split(":")[0]), [
        "invalid replay.batch",
        "invalid buffer.capacity"
      ])
    }))

  // Every step of the way is a moment at which the session can end.
  it.effect.each(Array.from({ length: 24 }, (_, steps) => steps))(
    "a session that ends %i steps after all came and went leaves the next one in order",
    (steps) =>
      Effect.gen(function*() {
        const { server, subscriptions } = yield* make()
        const peer = yield* server.peer
        const stay = yield* follow(subscriptions, "stay")
        const leave = yield* follow(subscriptions, "leave")
        yield* Effect.yieldNow
        yield* beside(leave.stop)
        yield* beside(Effect.andThen(Effect.yieldNow, follow(subscriptions, "come")))
        for (let i = 0; i < steps; i++) yield* Effect.yieldNow
        yield* peer.drop
        yield* settle
        yield* TestClock.adjust("1 second")
        const next = yield* server.peer
        yield* settle
        yield* say(next, { key: "stay", n: 1 })
        const came = (yield* subscriptions.keys).includes("come")
        assert.deepStrictEqual(yield* heard(next), ["open stay", ...came ? ["open come"] : []])
        assert.deepStrictEqual(stay.seen, [1])
        const before = yield* heard(peer)
        for (const key of ["stay", "leave", "come"]) {
          const words = before.filter((said) => said.endsWith(key))
          assert.include(["", "open", "open,close"], words.map((said) => said.split(" ")[0]).join())
        }
      })
  )
})
