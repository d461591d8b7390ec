import { assert, describe, it } from "@effect/vitest"
import { DateTime, Duration, Equal, Option, Schema } from "effect"
import { ConnectionError, GoingAway } from "../src/ConnectionError.ts"
import { ConnectionEvent } from "../src/ConnectionEvent.ts"
import * as Recovery from "../src/Recovery.ts"

const error = new ConnectionError({ reason: new GoingAway({ code: 1001 }), attempt: 1, endpoint: "wss://h.example/" })
const at = DateTime.makeUnsafe("2026-01-02T03:04:05Z")

const all: ReadonlyArray<ConnectionEvent> = [
  { _tag: "Dialling", at, attempt: 1, endpoint: "wss://h.example/" },
  { _tag: "Opened", at, session: 1, attempt: 1, downtime: Duration.millis(80), previous: Option.some(error) },
  {
    _tag: "Disconnected",
    at,
    session: 1,
    error,
    uptime: Duration.hours(2),
    unflushed: { messages: 1, bytes: 5 }
  },
  { _tag: "AttemptFailed", at, attempt: 2, error },
  {
    _tag: "WaitScheduled",
    at,
    attempt: 2,
    delay: Duration.seconds(4),
    floor: Duration.zero,
    recovery: Recovery.retry({ notBefore: ["5 seconds", "30 seconds"], atMost: 3 })
  },
  { _tag: "PongReceived", at, session: 1, rtt: Duration.micros(1500n) },
  { _tag: "Paused", at, session: 1 },
  { _tag: "Resumed", at, session: 1, pausedFor: Duration.seconds(1) },
  { _tag: "Dropped", at, direction: "inbound", reason: "unread", messages: 3, bytes: 99 },
  { _tag: "Closed", at, cause: Option.none(), attempts: 1, dials: 1 }
]

describe("ConnectionEvent", () => {
  it.each(all.map((event) => [event._tag, event] as const))("survives JSON: %s", (_tag, event) => {
    const codec = Schema.toCodecJson(ConnectionEvent)
    const back = Schema.decodeUnknownSync(codec)(JSON.parse(JSON.stringify(Schema.encodeSync(codec)(event))))
    assert.isTrue(Equal.equals(back, event), JSON.stringify(back))
  })

  it("is one of ten", () => {
    assert.strictEqual(ConnectionEvent.members.length, all.length)
  })
})
