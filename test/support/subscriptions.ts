/**
 * Subscriptions of a test, and what became of their subscribers.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { TestClock } from "effect/testing"
import { ConnectionError } from "../../src/ConnectionError.ts"
import * as Subscriptions from "../../src/Subscriptions.ts"
import { beside, settle, type Setup } from "./connect.ts"
import { converse, type Said, type Talk } from "./conversation.ts"

export type Options = Partial<Subscriptions.Options<Said, Said, string>>
export type Subscribed = Subscriptions.Subscriptions<Said, Said, string>

export const over = (protocol: Talk, options: Options = {}) =>
  Subscriptions.make({ protocol, keyOf: ({ key, keys }) => keys ?? key, ...options })

export const make = (options: Options = {}, setup: Setup = {}) =>
  Effect.gen(function*() {
    const talk = yield* converse(setup)
    return { ...talk, subscriptions: yield* over(talk.protocol, options) }
  })

export type Sub = Partial<Subscriptions.SubscribeOptions<Said, Said, string, number>>

export const sub = (key: string, options: Sub = {}): Subscriptions.SubscribeOptions<Said, Said, string, number> => ({
  key,
  open: { op: "open", key },
  close: { op: "close", key },
  select: ({ n }) => n,
  ...options
})

/** What became of a subscriber, in words. */
export const ending = (exit: Exit.Exit<void, unknown> | undefined): string => {
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
export const follow = (subscriptions: Subscribed, key: string, options: Sub = {}) =>
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

export const lose = Effect.fnUntraced(function*(server: { readonly peer: Effect.Effect<PeerOf> }, peer: PeerOf) {
  yield* settle
  yield* peer.drop
  yield* settle
  yield* TestClock.adjust("1 second")
  return yield* server.peer
})

export type PeerOf = Effect.Success<Effect.Success<ReturnType<typeof make>>["server"]["peer"]>
