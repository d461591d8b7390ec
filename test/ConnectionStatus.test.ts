import { assert, describe, it } from "@effect/vitest"
import { DateTime, Duration, Equal, Option, Schema } from "effect"
import { ConnectionError, GoingAway } from "../src/ConnectionError.ts"
import { ConnectionStatus } from "../src/ConnectionStatus.ts"

const cause = new ConnectionError({ reason: new GoingAway({ code: 1001 }), attempt: 1, endpoint: "wss://h.example/" })
const since = DateTime.makeUnsafe("2026-01-02T03:04:05Z")

const all: ReadonlyArray<ConnectionStatus> = [
  { _tag: "Connecting", attempt: 1 },
  { _tag: "Open", session: 1, since, subprotocol: Option.none(), rtt: Option.none(), paused: false },
  {
    _tag: "Open",
    session: 2,
    since,
    subprotocol: Option.some("v2"),
    rtt: Option.some(Duration.micros(1500n)),
    paused: true
  },
  { _tag: "Waiting", attempt: 1, delay: Duration.seconds(3), cause },
  { _tag: "Closing" },
  { _tag: "Closed", cause: Option.none(), attempts: 1, dials: 1 },
  { _tag: "Closed", cause: Option.some(cause), attempts: 3, dials: 12 }
]

describe("ConnectionStatus", () => {
  it.each(all.map((status) => [status._tag, status] as const))("survives JSON: %s", (_tag, status) => {
    const codec = Schema.toCodecJson(ConnectionStatus)
    const back = Schema.decodeUnknownSync(codec)(JSON.parse(JSON.stringify(Schema.encodeSync(codec)(status))))
    assert.isTrue(Equal.equals(back, status), JSON.stringify(back))
  })

  it("refuses what is none", () => {
    const decode = Schema.decodeUnknownOption(Schema.toCodecJson(ConnectionStatus))
    for (const other of [{ _tag: "Lost" }, { _tag: "Waiting", attempt: 1 }, "Open", null]) {
      assert.isTrue(Option.isNone(decode(other)))
    }
  })
})
