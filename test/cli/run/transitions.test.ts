import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import { describe, expect, it } from "vitest"
import { noteOf } from "../../../src/cli/run/transitions.ts"
import { ConnectFailed, ConnectionError, fromCloseFrame } from "../../../src/ConnectionError.ts"
import type { ConnectionEvent } from "../../../src/ConnectionEvent.ts"

const at = DateTime.makeUnsafe(0)
const told = (event: ConnectionEvent) => {
  const note = noteOf({ connection: "feed", event })
  return note === undefined ? undefined : `${note.level} ${note.message}`
}
const refused = new ConnectionError({
  reason: new ConnectFailed({ phase: "tcp", code: "ECONNREFUSED", detail: "connect\u001b[2J" }),
  endpoint: "ws://x/"
})
const closedBy = (initiator: "peer" | "self") =>
  new ConnectionError({ reason: fromCloseFrame({ code: 1001, closeReason: "", initiator }), endpoint: "ws://x/" })

describe("what a connection does", () => {
  it("is told in a sentence", () => {
    const open = { _tag: "Opened", at, session: 3, attempt: 1, previous: Option.none() } as const
    expect(told({ ...open, downtime: Duration.millis(2100) })).toBe("info feed: open (session 3, after 2.1 s)")
    const lost = {
      _tag: "Disconnected",
      at,
      session: 3,
      uptime: Duration.minutes(3),
      unflushed: { messages: 0, bytes: 0 }
    } as const
    expect(told({ ...lost, error: closedBy("peer") })).toMatch(/^warn feed: lost after 3 min: .*1001/)
    expect(told({ ...lost, error: closedBy("self") })).toBe("info feed: session 3 ended after 3 min")
    expect(told({ _tag: "AttemptFailed", at, attempt: 2, error: refused })).toMatch(/^warn feed: not open: ws:\/\/x\//)
    expect(told({ _tag: "Closed", at, cause: Option.none(), attempts: 1, dials: 1 })).toBe("info feed: closed")
    expect(told({ _tag: "Closed", at, cause: Option.some(refused), attempts: 1, dials: 4 })).toMatch(
      /^error feed: closed for good after 4 dials: /
    )
    expect(told({ _tag: "Dropped", at, direction: "inbound", reason: "dropOldest", messages: 1, bytes: 3 })).toBe(
      "warn feed: 1 message dropped (inbound, dropOldest)"
    )
  })

  it("steers no terminal with the peer's words", () => {
    expect(told({ _tag: "AttemptFailed", at, attempt: 2, error: refused })).not.toMatch(/\p{Cc}/u)
  })

  it("is not told where nobody wants to know", () => {
    expect(told({ _tag: "PongReceived", at, session: 1, rtt: Duration.millis(3) })).toBeUndefined()
    expect(told({ _tag: "Dropped", at, direction: "inbound", reason: "discard", messages: 1, bytes: 3 }))
      .toBeUndefined()
  })
})
