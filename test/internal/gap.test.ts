import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { AbnormalClosure, ConnectionError } from "../../src/ConnectionError.ts"
import { GapTicket } from "../../src/internal/gap.ts"
import { beside, settle } from "../support/connect.ts"

describe("the ticket of a gap", () => {
  it.effect("holds up whoever waits until it is told, once", () =>
    Effect.gen(function*() {
      const ticket = new GapTicket<string>(new ConnectionError({ reason: new AbnormalClosure({}) }))
      const waiting = yield* beside(ticket.awaited)
      yield* settle
      assert.isUndefined(waiting.pollUnsafe())
      ticket.tell(Option.none())
      yield* settle
      assert.isDefined(waiting.pollUnsafe())
      assert.isTrue(Option.isNone(yield* ticket.awaited))
    }))
})
