import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { expect } from "vitest"
import { requires } from "../../../setup/requirements.ts"
import { open, shows } from "../../../support/chromium.ts"
import { events, refused } from "../../../support/fakeFleet.ts"
import { start } from "../../../support/pageServer.ts"

const hostile = "<script>alert(1)</script><img src=x onerror=alert(2)><b>bold</b>"

describe.skipIf(!requires("chromium").available)("what comes from elsewhere", () => {
  it.live("is text, whatever it looks like", () =>
    Effect.gen(function*() {
      const { address, happens, report } = yield* start()
      const last = {
        at: new Date().toISOString(),
        reason: hostile,
        message: hostile,
        retryable: false
      }
      report(hostile, { endpoint: hostile, subprotocol: hostile, last })
      yield* happens(hostile, events.attemptFailed(Date.now(), 1, refused()))
      const opened = yield* open(`${address}#${encodeURIComponent(hostile)}`)
      for (const place of ["h2.name", ".connections .name", ".detail .endpoint", ".trouble strong", ".facts"]) {
        yield* shows(opened, place, hostile)
      }
      expect(yield* opened.run((page) => page.locator("body script, body img, body b").count())).toBe(0)
      // A dialog of theirs would have held up the page; a file of theirs would have been refused by the policy, and told.
      expect(opened.complaints).toEqual([])
    }), 60_000)
})
