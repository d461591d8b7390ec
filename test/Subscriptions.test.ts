import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { TestClock } from "effect/testing"
import { beside, settle } from "./support/connect.ts"
import { converse, heard, type Said, say } from "./support/conversation.ts"
import { follow, lose, make, over, sub } from "./support/subscriptions.ts"

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
