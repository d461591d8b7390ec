import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { AbnormalClosure, ConnectionError, GoingAway } from "../../src/ConnectionError.ts"
import { ActiveSession, makeSession, type SessionEnd } from "../../src/internal/activeSession.ts"
import { Inbox } from "../../src/internal/inbox.ts"
import type { Journal } from "../../src/internal/journal.ts"
import type { Message } from "../../src/Link.ts"
import { beside, collect, settle } from "../support/connect.ts"
import { makeJournal } from "../support/journal.ts"
import * as WiredLink from "../support/wiredLink.ts"

/** An open session on a link, without a connection around it. */
const make = Effect.fnUntraced(function*() {
  const journal: Journal = yield* makeJournal({ name: "session", onTick: () => inbox.endBurst() })
  const inbox = new Inbox({ highWaterMark: 50, overflow: "backpressure", unread: "discard" }, {
    journal,
    canPause: true,
    onPause: () => {},
    onResume: () => {},
    onOverflow: () => {},
    onUnread: () => {},
    onThrown: () => {}
  })
  const link = yield* WiredLink.make()
  const ends: Array<SessionEnd | undefined> = []
  const active: ActiveSession = new ActiveSession({
    id: 3,
    attempt: 2,
    link: link.state,
    scope: yield* Scope.make(),
    linkScope: yield* Scope.make(),
    openedAt: DateTime.makeUnsafe(5),
    openedNanos: 0n,
    onEnd: () => ends.push(active.end)
  })
  inbox.attach(link.state)
  link.state.receive({
    onMessage: (message, bytes) => inbox.push(message, bytes),
    onEnd: (error) => active.finish(Cause.fail(error))
  })
  const sent: Array<Message> = []
  const handOut = () => makeSession(active, inbox, (message) => Effect.sync(() => sent.push(message)))
  /** What the supervisor does. */
  const conclude = () => {
    inbox.detach()
    active.error = Option.getOrUndefined(Cause.findErrorOption(active.end!))
    active.onceEnded.wakeAll()
  }
  const { fanOut } = inbox as unknown as { fanOut: { subscriptions: ReadonlyArray<unknown> } }
  const subscriptions = () => fanOut.subscriptions.length
  return { active, conclude, ends, handOut, inbox, link, sent, subscriptions }
})

const lost = new ConnectionError({ reason: new AbnormalClosure({ cause: undefined }) })
const away = new ConnectionError({ reason: new GoingAway({ code: 1001, closeReason: "", initiator: "peer" }) })

describe("the end", () => {
  it.effect("is the first cause, told once", () =>
    Effect.gen(function*() {
      const { active, ends } = yield* make()
      active.finish(Cause.fail(lost))
      active.finish(Cause.fail(away))
      assert.deepStrictEqual(ends, [Cause.fail(lost)])
    }))

  it.effect("is known to others only when it is published", () =>
    Effect.gen(function*() {
      const { active, conclude } = yield* make()
      const ended = yield* beside(active.ended)
      active.finish(Cause.fail(lost))
      yield* settle
      assert.isUndefined(ended.pollUnsafe())
      conclude()
      yield* settle
      assert.deepStrictEqual(ended.pollUnsafe(), Exit.succeed(lost))
      assert.strictEqual(yield* active.ended, lost)
    }))

  it.effect("by a defect is a defect for who waits for it", () =>
    Effect.gen(function*() {
      const { active, conclude } = yield* make()
      const ended = yield* beside(Effect.exit(active.ended))
      active.finish(Cause.die("bug"))
      conclude()
      yield* settle
      const exit = ended.pollUnsafe()
      assert.isTrue(exit !== undefined && Exit.isSuccess(exit) && Exit.hasDies(exit.value))
    }))

  it.effect("by our Close says so, but what the peer said before counts", () =>
    Effect.gen(function*() {
      const ours = yield* make()
      yield* ours.active.close({ code: 4000, reason: "bye" })
      const error = Option.getOrThrow(Cause.findErrorOption(ours.ends[0]!))
      assert.deepInclude(error, { attempt: 2, endpoint: "ws://wired/" })
      assert.deepInclude(error.reason, {
        _tag: "ApplicationClose",
        code: 4000,
        closeReason: "bye",
        initiator: "self"
      })

      const theirs = yield* make()
      theirs.link.state.end(new GoingAway({ code: 1001, closeReason: "", initiator: "peer" }))
      yield* theirs.active.close(undefined)
      assert.strictEqual(theirs.active.ownClose({ code: 1000, reason: "" }).reason._tag, "GoingAway")
      assert.strictEqual(theirs.ends.length, 1)
    }))

  it.effect("with a code that may not be sent fails, and nothing happens", () =>
    Effect.gen(function*() {
      const { active, ends } = yield* make()
      const error = yield* Effect.flip(active.close({ code: 1006 }))
      assert.strictEqual(error.reason._tag, "InvalidRequest")
      assert.deepStrictEqual(ends, [])
    }))
})

describe("those who were handed a session", () => {
  it.effect("share one subscription until they read, and then have their own", () =>
    Effect.gen(function*() {
      const { handOut, link, subscriptions } = yield* make()
      const all = Array.from({ length: 100 }, handOut)
      assert.strictEqual(subscriptions(), 1)
      link.receive("a")
      assert.strictEqual(yield* all[0]!.session.receive, "a")
      assert.strictEqual(subscriptions(), 2)
      for (const { place } of all.slice(1)) place.release()
      assert.strictEqual(subscriptions(), 1)
      link.receive("b")
      assert.strictEqual(yield* all[0]!.session.receive, "b")
      all[0]!.place.release()
      all[0]!.place.release()
      assert.strictEqual(subscriptions(), 0)
    }))

  it.effect("the last of them takes over the shared one", () =>
    Effect.gen(function*() {
      const { handOut, link, subscriptions } = yield* make()
      const one = handOut()
      const two = handOut()
      link.receive("a")
      assert.strictEqual(yield* one.session.receive, "a")
      assert.strictEqual(yield* two.session.receive, "a")
      assert.strictEqual(subscriptions(), 2)
      // Who comes now begins now.
      const three = handOut()
      link.receive("b")
      assert.strictEqual(yield* three.session.receive, "b")
    }))

  it.effect("leave nothing behind when their runs are over", () =>
    Effect.gen(function*() {
      const { handOut, link, subscriptions } = yield* make()
      const { session } = handOut()
      for (let i = 0; i < 100; i++) {
        const reading = yield* beside(Stream.runCollect(Stream.take(session.messages, 1)))
        yield* settle
        link.receive("a")
        yield* settle
        assert.isDefined(reading.pollUnsafe())
      }
      assert.strictEqual(subscriptions(), 0)
    }))

  it.effect("are told its facts", () =>
    Effect.gen(function*() {
      const { session } = (yield* make()).handOut()
      assert.strictEqual(session.id, 3)
      assert.strictEqual(DateTime.toEpochMillis(session.openedAt), 5)
      assert.strictEqual(session.endpoint, "ws://wired/")
      assert.deepStrictEqual(session.subprotocol, Option.none())
      assert.deepStrictEqual(session.response, Option.none())
    }))

  it.effect("send while it lives, and are told why not afterwards, even before the end is published", () =>
    Effect.gen(function*() {
      const { conclude, handOut, link, sent } = yield* make()
      const { session } = handOut()
      yield* session.send("a")
      link.state.end(new GoingAway({ code: 1001, closeReason: "", initiator: "peer" }))
      const causeOf = Effect.map(
        Effect.flip(session.send("b")),
        ({ reason }) => reason._tag === "SendFailed" ? `${reason.delivery} ${reason.cause.reason._tag}` : reason._tag
      )
      assert.strictEqual(yield* causeOf, "notSent GoingAway")
      conclude()
      assert.strictEqual(yield* causeOf, "notSent GoingAway")
      assert.deepStrictEqual(sent, ["a"])
    }))

  it.effect("read what came before its end, then are at the end", () =>
    Effect.gen(function*() {
      const { active, conclude, handOut, link } = yield* make()
      const [one, two, three] = [handOut().session, handOut().session, handOut().session] as const
      const reading = yield* collect(one.messages)
      link.receive("a", "b")
      active.finish(Cause.fail(lost))
      conclude()
      yield* settle
      assert.deepStrictEqual(reading, ["a", "b"])
      assert.deepStrictEqual(yield* Stream.runCollect(two.messages), ["a", "b"])
      assert.strictEqual(yield* three.receive, "a")
      assert.strictEqual(yield* three.receive, "b")
      assert.strictEqual(yield* Effect.flip(three.receive), lost)
      assert.deepStrictEqual(yield* Stream.runCollect(two.messages), [])
    }))
})

describe("a session that was handed out and thrown away", () => {
  setFlagsFromString("--expose-gc")
  const collectGarbage = runInNewContext("gc") as () => void

  it.live("holds no messages any more, and one that is kept does", () =>
    Effect.gen(function*() {
      const { handOut, link, subscriptions } = yield* make()
      handOut()
      assert.strictEqual(subscriptions(), 1)
      yield* Effect.sync(collectGarbage).pipe(
        Effect.andThen(Effect.sleep("5 millis")),
        Effect.repeat({ while: () => subscriptions() > 0, times: 400 })
      )
      assert.strictEqual(subscriptions(), 0)

      const { session } = handOut()
      link.receive("kept")
      for (let i = 0; i < 5; i++) yield* Effect.andThen(Effect.sync(collectGarbage), Effect.sleep("5 millis"))
      assert.strictEqual(subscriptions(), 1)
      assert.strictEqual(yield* session.receive, "kept")
    }))
})
