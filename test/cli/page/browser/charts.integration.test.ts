import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { expect } from "vitest"
import { requires } from "../../../setup/requirements.ts"
import { open, type OpenPage, shows } from "../../../support/chromium.ts"
import { events } from "../../../support/fakeFleet.ts"
import { start } from "../../../support/pageServer.ts"

/** How many colours a canvas shows: an empty one shows one. */
const coloursOf = (opened: OpenPage, title: string) =>
  opened.run((page) =>
    page.locator(`.chart[aria-label="${title}"] canvas`).evaluate((element) => {
      const canvas = element as HTMLCanvasElement
      const pixels = canvas.getContext("2d")?.getImageData(0, 0, canvas.width, canvas.height).data ?? []
      const colours = new Set<string>()
      for (let index = 0; index < pixels.length; index += 4) colours.add(pixels.slice(index, index + 4).join())
      return colours.size
    })
  )

describe.skipIf(!requires("chromium").available)("the charts in a browser", () => {
  it.live("draw what was before the page was opened, and what comes", () =>
    Effect.gen(function*() {
      const { address, happens, report } = yield* start()
      for (let index = 0; index < 20; index++) {
        yield* happens("feed", events.pong(Date.now() - 30_000 + index * 1000, 10 + index))
      }
      report("feed", { rtt: { last: 29, p50: 20, p99: 29 } })
      const opened = yield* open(address)
      yield* shows(opened, ".chart[aria-label='Round trips'] .share", "last 29 ms, median 20 ms, p99 29 ms")
      expect(yield* coloursOf(opened, "Round trips")).toBeGreaterThan(8)

      report("feed", { received: { messages: 4096, bytes: 8_388_608 } })
      yield* shows(opened, ".chart[aria-label=Throughput] .share", /in, 0\/s out/)
      yield* opened.run((page) => page.locator(".chart[aria-label=Throughput] canvas").waitFor())
      expect(yield* coloursOf(opened, "Throughput")).toBeGreaterThan(8)
      yield* opened.run((page) => page.getByRole("button", { name: "bytes" }).click())
      yield* shows(opened, ".chart[aria-label=Throughput] .share", /B\/s in, 0 B\/s out/)
      expect(yield* opened.run((page) => page.getByRole("button", { name: "bytes" }).getAttribute("aria-pressed")))
        .toBe(
          "true"
        )
      expect(opened.complaints).toEqual([])
    }), 60_000)

  it.live("say so where there is nothing to draw", () =>
    Effect.gen(function*() {
      const { address } = yield* start()
      const opened = yield* open(address)
      yield* shows(opened, ".chart", "No heartbeat has been answered yet")
    }), 60_000)

  it.live("follow the width of the window and the colours of the night", () =>
    Effect.gen(function*() {
      const { address, happens } = yield* start()
      yield* happens("feed", events.pong(Date.now() - 1000))
      const opened = yield* open(address, { viewport: { width: 1200, height: 800 } })
      const canvas = ".chart[aria-label='Round trips'] canvas"
      yield* opened.run((page) => page.locator(canvas).waitFor())
      yield* opened.run((page) => page.emulateMedia({ colorScheme: "dark" }))
      yield* opened.run((page) => page.setViewportSize({ width: 420, height: 800 }))
      yield* opened.run((page) =>
        page.waitForFunction(
          (selector) => (document.querySelector(selector)?.getBoundingClientRect().width ?? 999) < 400,
          canvas
        )
      )
      expect(yield* opened.run((page) => page.locator(canvas).count())).toBe(1)
      expect(yield* opened.run((page) => page.evaluate(() => document.documentElement.scrollWidth)))
        .toBeLessThanOrEqual(420)
      expect(opened.complaints).toEqual([])
    }), 60_000)
})
