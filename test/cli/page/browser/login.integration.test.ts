import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { expect } from "vitest"
import { requires } from "../../../setup/requirements.ts"
import { open, shows } from "../../../support/chromium.ts"
import { startWithToken, token } from "../../../support/pageServer.ts"

/** A browser says of a 401 in its console that it is one. */
const others = (complaints: ReadonlyArray<string>) => complaints.filter((complaint) => !complaint.includes("401"))

describe.skipIf(!requires("chromium").available)("the token in a browser", () => {
  it.live("is asked for, refused when it is wrong, and not asked for again", () =>
    Effect.gen(function*() {
      const { address, asked } = yield* startWithToken
      const opened = yield* open(address)
      yield* shows(opened, ".login", "This page asks for the token")
      const enter = (text: string) =>
        opened.run(async (page) => {
          await page.getByLabel("Token").fill(text)
          await page.getByRole("button", { name: "Open" }).click()
        })
      yield* enter("not the token at all")
      yield* shows(opened, "[role=alert]", "This is not the token.")
      yield* enter(token)
      yield* shows(opened, ".title .badge", "Open")
      yield* opened.run((page) => page.getByRole("button", { name: "Reconnect" }).click())
      yield* opened.run((page) => page.reload())
      yield* shows(opened, ".title .badge", "Open")
      expect(asked).toEqual(["reconnect feed"])
      expect(yield* opened.run((page) => page.evaluate(() => document.cookie))).toBe("")

      yield* opened.run((page) => page.getByRole("button", { name: "Log out" }).click())
      yield* shows(opened, ".login", "This page asks for the token")
      expect(others(opened.complaints)).toEqual([])
    }), 60_000)

  it.live("in the address opens the page, and is not in the address any more", () =>
    Effect.gen(function*() {
      const { address } = yield* startWithToken
      const opened = yield* open(`${address}?token=${token}`)
      yield* shows(opened, ".title .badge", "Open")
      expect(yield* opened.run((page) => Promise.resolve(page.url()))).toBe(address)
      yield* opened.run((page) => page.goBack().catch(() => null))
      expect(yield* opened.run((page) => page.evaluate(() => location.href))).not.toContain(token)
      expect(opened.complaints).toEqual([])
    }), 60_000)

  it.live(
    "is not asked for after a link from another site, though the browser keeps the cookie back",
    () =>
      Effect.gen(function*() {
        const { address } = yield* startWithToken
        const opened = yield* open(`${address}?token=${token}`)
        yield* shows(opened, ".title .badge", "Open")
        yield* opened.run((page) => page.goto(`data:text/html,<a href="${address}">dashboard</a>`))
        yield* opened.run((page) => page.getByText("dashboard").click())
        yield* shows(opened, ".title .badge", "Open")
        expect(others(opened.complaints)).toEqual([])
      }),
    60_000
  )
})
