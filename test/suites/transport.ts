// What every transport does, whatever it is made of: one suite, run against each.
import { describe } from "@effect/vitest"
import { backpressure } from "./transport/backpressure.ts"
import { casesFor, type TransportHarness } from "./transport/bench.ts"
import { ending } from "./transport/ending.ts"
import { failing } from "./transport/failing.ts"
import { lettingGo } from "./transport/lettingGo.ts"
import { messages } from "./transport/messages.ts"
import { opening } from "./transport/opening.ts"
import { pings } from "./transport/pings.ts"

export type { TransportHarness } from "./transport/bench.ts"

/** Declares the suite. A case that needs what the transport cannot do is not declared. */
export const transportSuite = (harness: TransportHarness): void => {
  describe(`${harness.name}`, () => {
    const cases = casesFor(harness)
    for (const declare of [opening, failing, messages, ending, lettingGo, backpressure, pings]) declare(cases)
  })
}
