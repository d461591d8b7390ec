import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { expect } from "vitest"
import { requires } from "../../../setup/requirements.ts"
import { open, shows } from "../../../support/chromium.ts"
import { start } from "../../../support/pageServer.ts"

const states = [
  [{ state: "Open" }, "Open"],
  [{ state: "Connecting" }, "Connecting"],
  [{ state: "Waiting" }, "Waiting"],
  [{ state: "Closing" }, "Closing"],
  [{ state: "Closed", gaveUp: false }, "Closed"],
  [{ state: "Closed", gaveUp: true }, "Gave up"]
] as const

describe.skipIf(!requires("chromium").available)("a badge in a browser", () => {
  it.live("has a word, a shape and enough contrast for each state, by day and by night", () =>
    Effect.gen(function*() {
      const { address, report, remove } = yield* start()
      remove("feed")
      states.forEach(([about], index) => report(String(index), about))
      const opened = yield* open(address)
      yield* shows(opened, ".connections", "Gave up")
      for (const colorScheme of ["light", "dark"] as const) {
        yield* opened.run((page) => page.emulateMedia({ colorScheme }))
        const badges = yield* opened.run((page) =>
          page.locator(".connections .badge").evaluateAll((elements) => {
            const luminance = (colour: string) => {
              const [r = 0, g = 0, b = 0] = (colour.match(/[\d.]+/g) ?? []).slice(0, 3).map((part) => {
                const value = Number(part) / 255
                return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
              })
              return 0.2126 * r + 0.7152 * g + 0.0722 * b
            }
            return elements.map((element) => {
              const overview = element.closest(".overview") ?? element
              const [a = 0, b = 0] = [getComputedStyle(element).color, getComputedStyle(overview).backgroundColor]
                .map(luminance).toSorted((x, y) => y - x)
              return {
                word: element.textContent,
                shape: element.querySelector("path")?.getAttribute("d"),
                contrast: (a + 0.05) / (b + 0.05)
              }
            })
          })
        )
        expect(badges.map(({ word }) => word)).toEqual(states.map(([, word]) => word))
        expect(new Set(badges.map(({ shape }) => shape)).size).toBe(states.length)
        for (const { contrast, word } of badges) expect([word, contrast >= 4.5]).toEqual([word, true])
      }
    }), 60_000)
})
