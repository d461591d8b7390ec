/**
 * A journal without a connection around it.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { Journal, type JournalOwner } from "../../src/internal/journal.ts"

/** A journal of a connection that is connecting, on the clock and the dispatcher of the test. */
export const makeJournal = Effect.fnUntraced(function*(owner: JournalOwner) {
  const clock = yield* Clock.clockWith(Effect.succeed)
  return yield* Effect.withFiber((fiber) =>
    Effect.succeed(
      new Journal({
        status: { _tag: "Connecting", attempt: 1 },
        clock,
        context: fiber.context,
        dispatcher: fiber.currentDispatcher,
        owner
      })
    )
  )
})
