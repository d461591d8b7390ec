import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { expect } from "vitest"
import { requires } from "../../../setup/requirements.ts"
import { open, shows } from "../../../support/chromium.ts"
import { events } from "../../../support/fakeFleet.ts"
import { start } from "../../../support/pageServer.ts"

describe.skipIf(!requires("chromium").available)("the feed in a browser", () => {
  it.live("asks for everything again after something was missed", () =>
    Effect.gen(function*() {
      const { address, happens } = yield* start()
      const opened = yield* open("about:blank")
      // What the server said is thrown away here and there, as by a proxy that is in a bad mood.
      yield* opened.run((page) =>
        page.addInitScript(() => {
          const Real = EventSource
          let heard = 0
          Object.assign(globalThis, {
            opened: 0,
            EventSource: class extends Real {
              static override readonly CLOSED = 2 as never
              constructor(url: string) {
                super(url)
                Object.assign(globalThis, { opened: (globalThis as any).opened + 1 })
              }
              override addEventListener(type: string, listener: any): void {
                super.addEventListener(type, (event) => {
                  if (type === "happened" && ++heard === 2) return
                  listener(event)
                })
              }
            }
          })
        })
      )
      yield* opened.run((page) => page.goto(address))
      yield* shows(opened, ".title .badge", "Open")
      for (const session of [1, 2, 3]) yield* happens("feed", events.opened(Date.now(), session))
      yield* shows(opened, ".events", /Session 3 opened.*Session 2 opened.*Session 1 opened/)
      expect(yield* opened.run((page) => page.evaluate(() => (globalThis as any).opened))).toBe(2)
      expect(opened.complaints).toEqual([])
    }), 60_000)
})
