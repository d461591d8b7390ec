import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as askers from "../../src/internal/askers.ts"
import type { Message } from "../../src/Link.ts"
import * as FakeLink from "../support/fakeLink.ts"

const question = (): askers.Question => ({
  askedAt: 0n,
  isHeldBack: false,
  sentAt: undefined,
  heardBefore: 0n
})

/** What the asker would have forked. */
const asked = (asker: askers.Asker, question: askers.Question) => asker.ask(question, () => {}) ?? Effect.void

describe("pings", () => {
  const make = Effect.fnUntraced(function*(fake: FakeLink.FakeLink) {
    const answered: Array<askers.Question> = []
    const asker = yield* askers.pings(fake.state, (question) => answered.push(question))
    return { asker, answered }
  })

  it.effect("have eight bytes each, none like another", () =>
    Effect.gen(function*() {
      const fake = yield* FakeLink.make
      const one = yield* make(fake)
      const two = yield* make(fake)
      for (let i = 0; i < 3; i++) {
        one.asker.ask(question(), () => {})
        two.asker.ask(question(), () => {})
      }
      const payloads = fake.pings.map((ping) => ping.payload.join())
      assert.strictEqual(new Set(payloads).size, 6)
      assert(fake.pings.every((ping) => ping.payload.length === 8))
    }))

  it.effect("are answered by the pong with their payload, once", () =>
    Effect.gen(function*() {
      const fake = yield* FakeLink.make
      const { answered, asker } = yield* make(fake)
      const [first, second, third] = [question(), question(), question()]
      asker.ask(first, () => {})
      asker.ask(second, () => {})
      asker.ask(third, () => {})
      fake.pong(fake.pings[0]!.payload)
      fake.pong(fake.pings[2]!.payload)
      fake.pong(fake.pings[2]!.payload)
      fake.pong(fake.pings[1]!.payload)
      assert.strictEqual(answered.length, 2)
      assert.strictEqual(answered[0], first)
      assert.strictEqual(answered[1], third)
    }))

  it.effect("are not answered by an unsolicited pong, nor by a pong to another session's ping", () =>
    Effect.gen(function*() {
      const fake = yield* FakeLink.make
      const replaced = yield* make(fake)
      const { answered, asker } = yield* make(fake)
      replaced.asker.ask(question(), () => {})
      asker.ask(question(), () => {})
      fake.pong(new Uint8Array(0))
      fake.pong(new Uint8Array(8))
      fake.pong(fake.pings[0]!.payload)
      assert.deepStrictEqual(answered, [])
      assert.strictEqual(replaced.answered.length, 1)
    }))

  it.effect("read a pong that is a view into a larger chunk", () =>
    Effect.gen(function*() {
      const fake = yield* FakeLink.make
      const { answered, asker } = yield* make(fake)
      asker.ask(question(), () => {})
      const chunk = new Uint8Array(20)
      chunk.set(fake.pings[0]!.payload, 7)
      fake.pong(chunk.subarray(7, 15))
      assert.strictEqual(answered.length, 1)
    }))

  it.effect("stop listening for pongs with their scope", () =>
    Effect.gen(function*() {
      const fake = yield* FakeLink.make
      const scope = yield* Scope.make()
      const { answered, asker } = yield* Scope.provide(make(fake), scope)
      asker.ask(question(), () => {})
      yield* Scope.close(scope, Exit.void)
      fake.pong(fake.pings[0]!.payload)
      assert.deepStrictEqual(answered, [])
    }))
})

describe("messages", () => {
  const make = Effect.fnUntraced(function*(
    fake: FakeLink.FakeLink,
    message: Effect.Effect<Message>,
    isReply?: (message: Message) => boolean
  ) {
    const answered: Array<askers.Question> = []
    const asker = yield* askers.messages(message, isReply)(fake.state, (question) => answered.push(question))
    return { asker, answered }
  })

  it.effect("are made anew for each question", () =>
    Effect.gen(function*() {
      const fake = yield* FakeLink.make
      let n = 0
      const { asker } = yield* make(fake, Effect.sync(() => `beat ${++n}`))
      yield* asked(asker, question())
      yield* asked(asker, question())
      assert.deepStrictEqual(fake.sent.map((sent) => sent.message), ["beat 1", "beat 2"])
    }))

  it.effect("are answered in order by what isReply takes", () =>
    Effect.gen(function*() {
      const fake = yield* FakeLink.make
      const { answered, asker } = yield* make(fake, Effect.succeed("beat"), (message) => message === "pong")
      const [first, second] = [question(), question()]
      yield* asked(asker, first)
      yield* asked(asker, second)
      fake.message("data")
      fake.message("pong")
      fake.message("pong")
      fake.message("pong")
      assert.strictEqual(answered.length, 2)
      assert.strictEqual(answered[0], first)
      assert.strictEqual(answered[1], second)
    }))

  it.effect("die with what isReply threw, which never ends up in the socket's callback", () =>
    Effect.gen(function*() {
      const fake = yield* FakeLink.make
      const { asker } = yield* make(fake, Effect.succeed("beat"), () => {
        throw new Error("boom")
      })
      yield* asked(asker, question())
      fake.message("data")
      const exit = yield* Effect.exit(asked(asker, question()))
      assert(Exit.isFailure(exit))
      assert.strictEqual((Cause.squash(exit.cause) as Error).message, "boom")
    }))
})
