import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Pull from "effect/Pull"
import { type InboundOptions, Inbox } from "../../src/internal/inbox.ts"
import { Journal } from "../../src/internal/journal.ts"
import type { Subscription } from "../../src/internal/subscription.ts"
import type { Message } from "../../src/Link.ts"
import { beside, collect, settle } from "../support/connect.ts"
import * as WiredLink from "../support/wiredLink.ts"

/** An inbox of 50 bytes on a link, and what it asked of its owner. */
const make = Effect.fnUntraced(
  function*(options: Partial<InboundOptions> & { readonly canPause?: boolean } = {}) {
    const clock = yield* Clock.clockWith(Effect.succeed)
    const asked: Array<string> = []
    const journal: Journal = yield* Effect.withFiber((fiber) =>
      Effect.succeed(
        new Journal({
          status: { _tag: "Connecting", attempt: 1 },
          clock,
          context: fiber.context,
          dispatcher: fiber.currentDispatcher,
          owner: { name: "inbox", onTick: () => inbox.endBurst() }
        })
      )
    )
    const inbox = new Inbox(
      { highWaterMark: 50, overflow: "backpressure", unread: "keepLatest", ...options },
      {
        journal,
        canPause: options.canPause ?? true,
        onPause: () => asked.push("pause"),
        onResume: () => asked.push("resume"),
        onOverflow: (bytes) => asked.push(`overflow ${bytes}`),
        onUnread: () => asked.push("unread"),
        onThrown: (defect) => asked.push(`thrown ${String(defect)}`)
      }
    )
    const attach = Effect.fnUntraced(function*() {
      const link = yield* WiredLink.make()
      inbox.attach(link.state)
      link.state.receive({ onMessage: (message, bytes) => inbox.push(message, bytes), onEnd: () => inbox.detach() })
      return link
    })
    const events = yield* collect(journal.events)
    const dropped = () =>
      events.flatMap((event) => event._tag === "Dropped" ? [`${event.reason} ${event.messages}/${event.bytes}`] : [])
    return { asked, attach, dropped, inbox, link: yield* attach() }
  }
)

const active = { parked: false }
const parked = { parked: true, ofSession: true }

const ten = (n: number): string => String(n).padStart(10, "0")
const tens = (from: number, to: number): Array<Message> =>
  Array.from({ length: to - from + 1 }, (_, index) => ten(from + index))

const isDone = (exit: Exit.Exit<unknown, unknown>): boolean => Exit.isFailure(exit) && Pull.isDoneCause(exit.cause)

/** Whatever waits for it now. */
const rest = Effect.fnUntraced(function*(inbox: Inbox, subscription: Subscription) {
  const all: Array<Message> = []
  while (true) {
    const batch = yield* Effect.forkChild(Effect.exit(inbox.take(subscription)), { startImmediately: true })
    const exit = batch.pollUnsafe()
    yield* Fiber.interrupt(batch)
    if (exit === undefined || Exit.isFailure(exit) || Exit.isFailure(exit.value)) return all
    all.push(...exit.value.value)
  }
})

describe("the flow", () => {
  it.effect("whatever the readers do, each sees all from its subscription on, once and in order", () =>
    Effect.gen(function*() {
      let seed = 7
      const random = (below: number): number => (seed = (seed * 48_271) % 2_147_483_647) % below
      const { inbox, link } = yield* make({ highWaterMark: 40 })
      let next = 0
      const readers: Array<{ readonly subscription: Subscription; readonly seen: Array<number>; from: number }> = []
      for (let step = 0; step < 2000; step++) {
        const reader = readers[random(readers.length + 1)]
        switch (random(8)) {
          case 0:
          case 1:
          case 2:
          case 3:
            link.receive(...Array.from({ length: random(5) }, () => String(next++)))
            break
          case 4:
            yield* settle
            link.receive()
            break
          case 5:
            if (reader !== undefined) reader.seen.push(...(yield* rest(inbox, reader.subscription)).map(Number))
            break
          case 6:
            if (reader !== undefined && reader.subscription.bytes > 0) {
              reader.seen.push(Number(yield* inbox.takeOne(reader.subscription)))
            }
            break
          case 7:
            if (readers.length < 4) {
              readers.push({ subscription: inbox.subscribe(active), seen: [], from: -1 })
            } else if (reader !== undefined) {
              inbox.unsubscribe(reader.subscription)
              readers.splice(readers.indexOf(reader), 1)
            }
        }
        for (const { subscription } of readers) assert.isAtMost(subscription.bytes, 50)
      }
      for (let i = 0; i < 200; i++) {
        link.receive()
        for (const { seen, subscription } of readers) seen.push(...(yield* rest(inbox, subscription)).map(Number))
      }
      assert.isAbove(readers.length, 0)
      for (const { seen } of readers) {
        assert.deepStrictEqual(seen, Array.from(seen, (_, index) => seen[0]! + index))
        assert.strictEqual(seen.at(-1), next - 1)
      }
      assert.isFalse(link.state.paused())
    }))
})

describe("the mark", () => {
  it.effect("pauses once above it, and resumes at half of it", () =>
    Effect.gen(function*() {
      const { asked, inbox, link } = yield* make()
      const subscription = inbox.subscribe(active)
      link.receive(...tens(1, 5))
      assert.deepStrictEqual(asked, [])
      link.receive(...tens(6, 20))
      assert.deepStrictEqual(asked, ["pause"])
      yield* inbox.takeOne(subscription)
      yield* inbox.takeOne(subscription)
      yield* inbox.takeOne(subscription)
      assert.deepStrictEqual(asked, ["pause"])
      yield* inbox.takeOne(subscription)
      assert.deepStrictEqual(asked, ["pause", "resume"])
      link.receive()
      assert.deepStrictEqual(asked, ["pause", "resume", "pause"])
      assert.deepStrictEqual(yield* rest(inbox, subscription), tens(5, 10))
    }))

  it.effect("the slowest counts, wherever it subscribed", () =>
    Effect.gen(function*() {
      const { asked, inbox, link } = yield* make()
      const one = inbox.subscribe(active)
      link.receive(...tens(1, 3))
      const two = inbox.subscribe(active)
      link.receive(...tens(4, 5))
      assert.deepStrictEqual(yield* rest(inbox, two), tens(4, 5))
      link.receive(ten(6))
      assert.deepStrictEqual(asked, ["pause"])
      assert.deepStrictEqual(yield* rest(inbox, one), tens(1, 6))
      assert.deepStrictEqual(asked, ["pause", "resume"])
    }))

  it.effect("a parked subscription never pauses the socket, and costs whole bursts only", () =>
    Effect.gen(function*() {
      const { asked, dropped, inbox, link } = yield* make({ unread: "discard" })
      const subscription = inbox.subscribe(parked)
      for (let i = 0; i < 100; i++) {
        link.receive(...tens(3 * i, 3 * i + 2))
        yield* settle
      }
      assert.deepStrictEqual(asked, [])
      // The last two bursts hold the mark.
      assert.strictEqual(subscription.bytes, 60)
      inbox.activate(subscription)
      yield* settle
      assert.deepStrictEqual(yield* rest(inbox, subscription), tens(295, 299))
      assert.deepStrictEqual(dropped().at(-1), "unread 295/2950")
    }))
})

describe("what nobody reads", () => {
  it.effect("is dropped from the front, with one warning a connection", () =>
    Effect.gen(function*() {
      const { asked, dropped, inbox, link } = yield* make()
      for (let i = 1; i <= 10_000; i++) link.receive(ten(i))
      yield* settle
      assert.deepStrictEqual(asked, ["unread"])
      assert.deepStrictEqual(dropped(), ["unread 9995/99950"])
      assert.deepStrictEqual(yield* rest(inbox, inbox.subscribe(active)), tens(9996, 10_000))
    }))

  it.effect("of an earlier session is not for the reader of this one, and is counted when one comes", () =>
    Effect.gen(function*() {
      const { attach, dropped, inbox, link } = yield* make()
      link.receive("of the first")
      inbox.detach()
      const second = yield* attach()
      second.receive("a")
      const subscription = inbox.subscribe(parked)
      second.receive("b")
      inbox.activate(subscription)
      yield* settle
      assert.deepStrictEqual(yield* rest(inbox, subscription), ["a", "b"])
      assert.deepStrictEqual(dropped(), ["unread 1/12"])
      assert.deepStrictEqual(yield* rest(inbox, inbox.subscribe(active)), [])
    }))
})

describe("the end", () => {
  it.effect("of a session is the end of its own subscriptions, after their last message", () =>
    Effect.gen(function*() {
      const { attach, inbox, link } = yield* make()
      const own = inbox.subscribe({ parked: false, ofSession: true })
      const other = inbox.subscribe(active)
      link.receive("a")
      inbox.detach()
      assert.isFalse(inbox.serves(link.state))
      assert.deepStrictEqual(yield* inbox.take(own), ["a"])
      const end = yield* Effect.exit(inbox.take(own))
      assert.isTrue(isDone(end))
      const second = yield* attach()
      assert.isTrue(inbox.serves(second.state))
      second.receive("b")
      assert.deepStrictEqual(yield* rest(inbox, other), ["a", "b"])
    }))

  it.effect("of everything wakes whoever waits; later messages go nowhere", () =>
    Effect.gen(function*() {
      const { inbox } = yield* make()
      const subscription = inbox.subscribe(active)
      const taking = yield* beside(Effect.exit(inbox.take(subscription)))
      const taking2 = yield* beside(Effect.exit(inbox.takeOne(subscription)))
      inbox.finishAll(Cause.done())
      for (const exit of [yield* Fiber.join(taking), yield* Fiber.join(taking2)]) {
        assert.isTrue(isDone(exit))
      }
    }))
})

describe("listeners", () => {
  it.effect("may come and go while they are called", () =>
    Effect.gen(function*() {
      const { asked, inbox, link } = yield* make()
      const seen: Array<string> = []
      const stop = inbox.listen((message) => {
        seen.push(`one ${String(message)}`)
        stop()
        inbox.listen((message) => seen.push(`two ${String(message)}`))
      })
      link.receive("a", "b")
      assert.deepStrictEqual(seen, ["one a", "two b"])
      assert.deepStrictEqual(asked, [])
    }))

  it.effect("that throw are reported, for kept messages as well", () =>
    Effect.gen(function*() {
      const { asked, inbox, link } = yield* make()
      link.receive("kept")
      inbox.listen((message) => {
        throw String(message)
      })
      link.receive("live")
      assert.deepStrictEqual(asked, ["thrown kept", "thrown live"])
    }))
})
