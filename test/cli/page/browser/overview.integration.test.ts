import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { expect } from "vitest"
import { requires } from "../../../setup/requirements.ts"
import { open, shows } from "../../../support/chromium.ts"
import { start } from "../../../support/pageServer.ts"

describe.skipIf(!requires("chromium").available)("the list in a browser", () => {
  it.live("finds one of two hundred by its name, by how it is, and by trouble", () =>
    Effect.gen(function*() {
      const { address, report } = yield* start()
      for (let index = 1; index < 200; index++) {
        const name = `c${index}`
        report(
          name,
          index === 150
            ? { state: "Closed", gaveUp: true }
            : index % 50 === 0
            ? { state: "Waiting", nextDialAt: new Date(Date.now() + 60_000).toISOString() }
            : {}
        )
      }
      const opened = yield* open(address)
      const names = opened.run((page) => page.locator(".connections .name").allTextContents())
      yield* shows(opened, ".counts", "200 connections: 197 open, 2 waiting, 1 gave up")
      expect((yield* names).slice(0, 3)).toEqual(["feed", "c1", "c2"])

      yield* opened.run((page) => page.getByLabel("Order").selectOption("trouble"))
      expect((yield* names).slice(0, 4)).toEqual(["c150", "c50", "c100", "c1"])

      yield* opened.run((page) => page.getByRole("button", { name: "2 waiting" }).click())
      expect(yield* names).toEqual(["c50", "c100"])
      yield* opened.run((page) => page.getByRole("button", { name: "2 waiting" }).click())
      yield* opened.run((page) => page.getByLabel("Find a connection").fill("FEED.example/c19 wss"))
      expect(yield* names).toHaveLength(11)
      yield* opened.run((page) => page.getByLabel("Find a connection").fill("nothing like that"))
      yield* shows(opened, ".overview .nothing", "No connection is like that.")
      expect(opened.complaints).toEqual([])
    }), 60_000)

  it.live("says what each one waits for, and cuts off nothing", () =>
    Effect.gen(function*() {
      const { address, report } = yield* start()
      report("waits", { state: "Waiting", nextDialAt: new Date(Date.now() + 3_600_000).toISOString() })
      const opened = yield* open(address)
      yield* shows(opened, ".counts", "2 connections: 1 open, 1 waiting")
      const row = (index: number) => opened.run((page) => page.locator(".connections a").nth(index).innerText())
      expect(yield* row(1)).toMatch(/dials in (1 h|59 min)/)
      // Figures are of what is open.
      expect(yield* row(1)).not.toContain("Messages per second")
      expect(yield* row(0)).toContain("Messages per second")
      const cut = yield* opened.run((page) =>
        page.locator(".connections .situation, .find select, .find input").evaluateAll((elements) =>
          elements.filter((element) => element.scrollWidth > element.clientWidth + 1).map(({ className }) => className)
        )
      )
      expect(cut).toEqual([])
    }), 60_000)

  it.live("keeps the focus while rows come, go and change", () =>
    Effect.gen(function*() {
      const { address, remove, report } = yield* start()
      for (const name of ["a", "b", "c"]) report(name)
      const opened = yield* open(address)
      yield* opened.run((page) => page.locator(".connections a", { hasText: "/b" }).focus())
      remove("a")
      report("c", { state: "Connecting" })
      report("d")
      yield* shows(opened, ".counts", "4 connections: 3 open, 1 connecting")
      expect(yield* opened.run((page) => page.evaluate(() => document.activeElement?.textContent))).toContain("/b")
    }), 60_000)
})
