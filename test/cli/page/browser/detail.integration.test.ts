import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { expect } from "vitest"
import { requires } from "../../../setup/requirements.ts"
import { open, shows } from "../../../support/chromium.ts"
import { events, refused } from "../../../support/fakeFleet.ts"
import { start } from "../../../support/pageServer.ts"

describe.skipIf(!requires("chromium").available)("one connection in a browser", () => {
  it.live("tells the two clocks apart, and all the figures", () =>
    Effect.gen(function*() {
      const { address, report } = yield* start()
      report("feed", {
        session: 4,
        sessions: 4,
        dials: 9,
        subprotocol: "feed.v2",
        rtt: { last: 12.4, p50: 11, p99: 80 },
        received: { messages: 12_345, bytes: 2_000_000 },
        dropped: 2,
        lastByteAge: 1200,
        lastMessageAge: 3_700_000
      })
      const opened = yield* open(address)
      yield* shows(opened, ".title .badge", "Open")
      const facts = yield* opened.run((page) =>
        page.locator(".facts > div").evaluateAll((elements) =>
          elements.map((element) => [...element.children].map((child) => child.textContent).join(" | "))
        )
      )
      expect(facts.filter((fact) => !/^(Received|Sent)/.test(fact))).toEqual([
        "Last byte | 1 s ago | pongs count, too",
        "Last message | 1 h 2 min ago | in whichever session",
        "Round trip | 12 ms | median 11 ms, p99 80 ms",
        "Dropped | 2 | messages, both ways",
        "Sessions | 4 | 9 dials",
        "Subprotocol | feed.v2 | negotiated"
      ])
      expect(facts.find((fact) => fact.startsWith("Received"))).toMatch(/^Received \| 12\u202f345 \| 1\.9 MiB/)
    }), 60_000)

  it.live("says in words what went wrong, how often, and that nothing is tried any more", () =>
    Effect.gen(function*() {
      const { address, happens, report } = yield* start()
      for (const attempt of [1, 2, 3]) yield* happens("feed", events.attemptFailed(Date.now(), attempt, refused()))
      yield* happens("feed", events.closed(Date.now(), refused()))
      report("feed", {
        state: "Closed",
        gaveUp: true,
        since: new Date().toISOString(),
        endpoint: "wss://feed.example/",
        last: { at: new Date().toISOString(), reason: "ConnectFailed", message: refused().message, retryable: false }
      })
      const opened = yield* open(address)
      yield* shows(opened, ".detail .situation", /^Gave up \d s ago; it is not dialled any more/)
      yield* shows(opened, ".trouble strong", /^Could not connect/)
      yield* shows(opened, ".trouble", "another dial cannot help")
      yield* shows(opened, ".errors li", "ConnectFailed; 3 times")
      yield* shows(opened, ".events li", "3 attempts failed since")
      expect(yield* opened.run((page) => page.title())).toBe("(1) holdfast")
      expect(opened.complaints).toEqual([])
    }), 60_000)
})
