import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { expect } from "vitest"
import { requires } from "../../../setup/requirements.ts"
import { open, shows } from "../../../support/chromium.ts"
import { events } from "../../../support/fakeFleet.ts"
import { start } from "../../../support/pageServer.ts"

const minute = 60_000

describe.skipIf(!requires("chromium").available)("the timeline in a browser", () => {
  it.live("shows what was before the page was opened, as far back as one wants", () =>
    Effect.gen(function*() {
      const { address, happens } = yield* start()
      const now = Date.now()
      yield* happens("feed", events.opened(now - 120 * minute, 1))
      yield* happens("feed", events.disconnected(now - 60 * minute, 1))
      yield* happens("feed", events.opened(now - 30 * minute, 2))
      const opened = yield* open(address)
      const kinds = opened.run((page) =>
        page.locator(".timeline rect").evaluateAll((rects) => rects.map((rect) => rect.getAttribute("data-kind")))
      )
      yield* shows(opened, "section[aria-label=Timeline]", "Open for 75 % of the last 2 h.")
      expect(yield* kinds).toEqual(["down", "open", "down", "open"])
      expect(yield* opened.run((page) => page.locator(".timeline title").nth(1).textContent()))
        .toMatch(/^Session 1, .* \(1 h\)\n.*the connection was lost/)

      yield* opened.run((page) => page.getByRole("button", { name: "15 min" }).click())
      yield* shows(opened, "section[aria-label=Timeline]", "Open for 100 % of the last 15 min.")
      expect(yield* kinds).toEqual(["open"])
      const label = yield* opened.run((page) => page.locator(".timeline").getAttribute("aria-label"))
      expect(label).toBe("Timeline. Open for 100 % of the last 15 min.")
      expect(opened.complaints).toEqual([])
    }), 60_000)
})
