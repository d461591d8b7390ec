import { it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { Duplex } from "node:stream"
import { describe, expect } from "vitest"
import { answer, clientOf } from "../../../src/cli/daemon/conversation.ts"
import type { Handlers } from "../../../src/cli/daemon/protocol.ts"
import { failure } from "../../../src/cli/failure.ts"

/** Two ends of a pipe in memory. */
const pipe = (): readonly [Duplex, Duplex] => {
  const end = (other: () => Duplex) =>
    new Duplex({
      read: () => undefined,
      write(chunk, _encoding, done) {
        // Later, as over a socket.
        setImmediate(() => {
          other().push(chunk)
          done()
        })
      },
      final(done) {
        other().push(null)
        done()
      },
      destroy(error, done) {
        if (!other().destroyed) other().push(null)
        done(error)
      }
    })
  const left: Duplex = end(() => right)
  const right: Duplex = end(() => left)
  return [left, right]
}

const handlers = (changes: Partial<Handlers>): Handlers => ({
  Status: () => Effect.die("not asked"),
  Started: () => Effect.succeed({}),
  Stop: () => Effect.succeed({}),
  Reload: () => Effect.succeed({ added: [], changed: [], removed: [], unchanged: [] }),
  Send: () => Effect.succeed({}),
  Reconnect: () => Effect.succeed({}),
  Close: () => Effect.succeed({}),
  ...changes
})

describe("a conversation", () => {
  it.effect("answers each request with its own reply, in whatever order they are ready", () =>
    Effect.gen(function*() {
      const [ours, theirs] = pipe()
      const first = yield* Deferred.make<void>()
      yield* Effect.forkScoped(answer(
        theirs,
        handlers({
          Started: () => Effect.as(Deferred.await(first), {}),
          Reload: () => Effect.succeed({ added: ["a"], changed: [], removed: [], unchanged: [] })
        })
      ))
      const client = yield* clientOf(ours)
      const started = yield* Effect.forkChild(client.ask({ _tag: "Started" }), { startImmediately: true })
      expect(yield* client.ask({ _tag: "Reload" })).toMatchObject({ added: ["a"] })
      yield* Deferred.succeed(first, undefined)
      expect(yield* Fiber.join(started)).toEqual({})
    }))

  it.effect("relays failures, and tells a defect from one", () =>
    Effect.gen(function*() {
      const [ours, theirs] = pipe()
      yield* Effect.forkScoped(answer(
        theirs,
        handlers({ Reload: () => Effect.fail(failure("config", "line 3 is wrong", "mend it")) })
      ))
      const client = yield* clientOf(ours)
      expect(yield* Effect.flip(client.ask({ _tag: "Reload" })))
        .toMatchObject({ exit: "config", message: "line 3 is wrong", advice: "mend it" })
      expect(yield* Effect.flip(client.ask({ _tag: "Status" }))).toMatchObject({ exit: "failure" })
    }))

  it.effect("interrupts what nobody waits for any more", () =>
    Effect.gen(function*() {
      const [ours, theirs] = pipe()
      const begun = yield* Deferred.make<void>()
      const withdrawn = yield* Deferred.make<void>()
      yield* Effect.forkScoped(answer(
        theirs,
        handlers({
          Send: () =>
            Effect.onInterrupt(
              Effect.andThen(Deferred.succeed(begun, undefined), Effect.never),
              () => Deferred.succeed(withdrawn, undefined)
            )
        })
      ))
      const client = yield* clientOf(ours)
      const sending = yield* Effect.forkChild(client.ask({ _tag: "Send", text: "late" }), { startImmediately: true })
      yield* Deferred.await(begun)
      yield* Fiber.interrupt(sending)
      yield* Deferred.await(withdrawn)
      expect(yield* client.ask({ _tag: "Started" })).toEqual({})
    }))

  it.effect("interrupts what is in progress when the other side goes", () =>
    Effect.gen(function*() {
      const [ours, theirs] = pipe()
      const begun = yield* Deferred.make<void>()
      const withdrawn = yield* Deferred.make<void>()
      yield* Effect.forkScoped(answer(
        theirs,
        handlers({
          Send: () =>
            Effect.onInterrupt(
              Effect.andThen(Deferred.succeed(begun, undefined), Effect.never),
              () => Deferred.succeed(withdrawn, undefined)
            )
        })
      ))
      const client = yield* clientOf(ours)
      const sending = yield* Effect.forkChild(Effect.exit(client.ask({ _tag: "Send", text: "late" })), {
        startImmediately: true
      })
      yield* Deferred.await(begun)
      ours.destroy()
      yield* Deferred.await(withdrawn)
      yield* Fiber.join(sending)
    }))

  it.effect("fails what waits when the daemon ends, and everything after", () =>
    Effect.gen(function*() {
      const [ours, theirs] = pipe()
      const begun = yield* Deferred.make<void>()
      const answering = yield* Effect.forkScoped(
        answer(theirs, handlers({ Started: () => Effect.andThen(Deferred.succeed(begun, undefined), Effect.never) }))
      )
      const client = yield* clientOf(ours)
      const started = yield* Effect.forkChild(Effect.flip(client.ask({ _tag: "Started" })), { startImmediately: true })
      yield* Deferred.await(begun)
      yield* Fiber.interrupt(answering)
      expect(yield* Fiber.join(started)).toMatchObject({ exit: "notRunning" })
      yield* client.gone
      expect(yield* Effect.flip(client.ask({ _tag: "Stop" }))).toMatchObject({ exit: "notRunning" })
    }))

  it.effect("ends where the other side speaks another language", () =>
    Effect.gen(function*() {
      const [ours, theirs] = pipe()
      const client = yield* clientOf(ours)
      const asked = yield* Effect.forkChild(Effect.flip(client.ask({ _tag: "Stop" })), { startImmediately: true })
      theirs.write("220 smtp.example ESMTP\r\n")
      expect((yield* Fiber.join(asked)).message).toContain("no daemon of holdfast")
    }))
})
