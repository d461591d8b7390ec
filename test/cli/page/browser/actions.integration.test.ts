import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { expect } from "vitest"
import { requires } from "../../../setup/requirements.ts"
import { open, shows } from "../../../support/chromium.ts"
import { start } from "../../../support/pageServer.ts"

const hostile = "<img src=x onerror=alert(1)> \"'&/?#%2F"

describe.skipIf(!requires("chromium").available)("the buttons in a browser", () => {
  it.live("reconnect at once, and close after a question", () =>
    Effect.gen(function*() {
      const server = yield* start()
      server.remove("feed")
      server.report(hostile)
      const opened = yield* open(server.address)
      const press = (name: string) => opened.run((page) => page.getByRole("button", { name, exact: true }).click())

      yield* press("Reconnect")
      yield* press("Close…")
      yield* shows(opened, "dialog", `Close ${hostile}?`)
      expect(yield* opened.run((page) => page.evaluate(() => document.activeElement?.textContent))).toBe("Cancel")
      yield* press("Cancel")
      yield* opened.run((page) => page.locator("dialog").waitFor({ state: "detached" }))
      yield* press("Close…")
      yield* opened.run((page) => page.keyboard.press("Escape"))
      yield* opened.run((page) => page.locator("dialog").waitFor({ state: "detached" }))
      expect(server.asked).toEqual([`reconnect ${hostile}`])

      yield* press("Close…")
      const answered = opened.run((page) => page.waitForResponse((response) => response.url().endsWith("/close")))
      yield* Effect.all([answered, press("Close it")], { concurrency: "unbounded" })
      expect(server.asked).toEqual([`reconnect ${hostile}`, `close ${hostile}`])
      expect(opened.complaints).toEqual([])
    }), 60_000)

  it.live("start a closed connection again, and say why something was not done", () =>
    Effect.gen(function*() {
      const server = yield* start()
      server.report("feed", { state: "Closed", gaveUp: true })
      const opened = yield* open(server.address)
      const again = opened.run((page) => page.getByRole("button", { name: "Start again" }).click())
      expect(yield* opened.run((page) => page.getByRole("button", { name: "Close…" }).isDisabled())).toBe(true)
      yield* opened.run((page) =>
        page.route("**/reconnect", (route) =>
          route.fulfill({ status: 409, json: { message: "It cannot work.", advice: "Change the config." } }))
      )
      yield* again
      yield* shows(opened, ".actions [role=alert]", "It cannot work. Change the config.")
      yield* opened.run((page) =>
        page.unroute("**/reconnect")
      )
      yield* again
      yield* opened.run((page) => page.locator(".actions [role=alert]").waitFor({ state: "hidden" }))
      expect(server.asked).toEqual(["reconnect feed"])
    }), 60_000)
})
