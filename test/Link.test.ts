import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { LinkState } from "../src/internal/linkState.ts"
import type { Link, Message, Receiver } from "../src/Link.ts"

const silent = {
  send: () => {},
  buffered: () => 0,
  whenBelow: () => () => {},
  whenFlushed: () => () => {},
  ping: undefined,
  close: () => {},
  terminate: () => {},
  pause: undefined,
  resume: undefined
}

describe("Link", () => {
  it.effect("hands each message to its receiver as text or plain bytes, and the end once", () =>
    Effect.gen(function*() {
      const clock = yield* Clock.clockWith(Effect.succeed)
      const state = new LinkState({
        endpoint: "ws://test/",
        attempt: 1,
        subprotocol: undefined,
        response: undefined,
        clock,
        driver: silent
      })
      const link: Link = state
      const calls: Array<Message | string> = []
      const receiver: Receiver = {
        onMessage: (message) => calls.push(message),
        onEnd: (error) => calls.push(error.reason._tag)
      }
      link.receive(receiver)
      state.push("text", 4)
      state.push(new Uint8Array([1]), 1)
      yield* link.terminate
      yield* link.terminate
      assert.deepStrictEqual(calls, ["text", new Uint8Array([1]), "AbnormalClosure"])
    }))
})
