import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import { expect } from "vitest"
import { Fleet } from "../../../../src/cli/fleet/Fleet.ts"
import { make } from "../../../../src/cli/fleet/make.ts"
import { serve } from "../../../../src/cli/page/server.ts"
import { requires } from "../../../setup/requirements.ts"
import { open, shows } from "../../../support/chromium.ts"
import { start } from "../../../support/pageServer.ts"
import * as WsServer from "../../../support/wsServer.ts"

const chromium = requires("chromium")

describe.skipIf(!chromium.available)("the page in a browser", () => {
  it.live("shows live how a real connection is lost, waits, and is had again", () =>
    Effect.gen(function*() {
      const { server, url } = yield* WsServer.make((socket) => {
        const timer = setInterval(() => socket.send("x".repeat(100)), 20)
        socket.on("close", () => clearInterval(timer))
      })
      const fleet = yield* make
      const { address } = yield* serve({ host: "127.0.0.1", port: 0, token: undefined }).pipe(
        Effect.provideService(Fleet, fleet)
      )
      yield* fleet.apply([{
        name: "feed",
        fingerprint: "1",
        options: { url, reconnect: { schedule: Schedule.spaced("3 seconds") } },
        attach: () => Effect.void
      }])
      const opened = yield* open(address)

      yield* shows(opened, ".title .badge", "Open")
      yield* shows(opened, ".facts div", /Received.*KiB, \d+\/s/)
      yield* opened.run((page) => page.locator(".chart canvas").first().waitFor())

      for (const client of server.clients) client.close(1001, "an <i>update</i>")
      yield* shows(opened, ".title .badge", "Waiting")
      yield* shows(opened, ".detail .situation", /^Next dial in \d s, attempt 2/)
      yield* shows(opened, ".trouble", "an <i>update</i>")
      yield* shows(opened, ".title .badge", "Open")
      yield* shows(opened, ".detail .situation", "Session 2, open for")
      yield* shows(opened, ".events", "Session 2 opened after 3")
      expect(yield* opened.run((page) => page.locator(".timeline rect[data-kind=open]").count())).toBe(2)
      expect(yield* opened.run((page) => page.locator("[aria-live=polite]").textContent())).toMatch(/^feed: Open\./)
      expect(opened.complaints).toEqual([])
    }), 60_000)

  it.live(
    "says that its own server is lost, shows how it was then, and goes on when it is back",
    () =>
      Effect.gen(function*() {
        const scope = yield* Scope.make()
        const server = yield* Scope.provide(start(), scope)
        const opened = yield* open(server.address)
        yield* shows(opened, ".link", "live")
        yield* Scope.close(scope, Exit.void)
        yield* shows(opened, ".link", /^Not connected to holdfast since/)
        yield* shows(opened, ".title .badge", "Open")
        expect(yield* opened.run((page) => page.locator(".actions button:enabled").count())).toBe(0)

        const again = yield* start({ port: Number(new URL(server.address).port) })
        again.report("other", { state: "Waiting" })
        yield* shows(opened, ".link", "live")
        yield* shows(opened, ".counts", "2 connections: 1 open, 1 waiting")
        // Other than that nobody answered for a while.
        expect(opened.complaints.filter((complaint) => !complaint.includes("ERR_"))).toEqual([])
      }),
    60_000
  )

  it.live("goes to a connection and back by address, link and Escape", () =>
    Effect.gen(function*() {
      const { address, report } = yield* start()
      report("other")
      const opened = yield* open(`${address}#${encodeURIComponent("other")}`)
      yield* shows(opened, "h2.name", "other")
      yield* opened.run((page) => page.keyboard.press("Escape"))
      yield* shows(opened, ".welcome", "Choose a connection.")
      yield* opened.run((page) => page.getByRole("link", { name: /^feed/ }).press("Enter"))
      yield* shows(opened, "h2.name", "feed")
      expect(yield* opened.run((page) => page.evaluate(() => document.activeElement?.className))).toBe("detail")
      yield* opened.run((page) => page.goto(`${address}#gone`))
      yield* shows(opened, ".detail", "There is no connection of this name any more.")
      expect(opened.complaints).toEqual([])
    }), 60_000)
})
