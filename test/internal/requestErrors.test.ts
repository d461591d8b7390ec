import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Schema from "effect/Schema"
import { ConnectionClosed, ConnectionError } from "../../src/ConnectionError.ts"
import { RequestLost, RequestTimedOut } from "../../src/internal/requestErrors.ts"

describe("the errors of requests", () => {
  it("say what happened, and whether the peer may have carried it out", () => {
    const cause = new ConnectionError({ reason: new ConnectionClosed({}) })
    const timeout = Duration.seconds(5)
    assert.deepStrictEqual([
      new RequestTimedOut({ id: 7, timeout, delivery: "unknown" }).message,
      new RequestTimedOut({ id: "7", timeout, delivery: "notSent" }).message,
      new RequestLost({ id: Symbol("seven"), delivery: "unknown", cause }).message,
      new RequestLost({ id: 7, delivery: "notSent", cause }).message
    ], [
      "no reply to request 7 within 5s: it was sent, and the peer may have carried it out",
      "no reply to request 7 within 5s: it was not sent",
      "request Symbol(seven) was lost, and the peer may have carried it out: the connection was closed by us",
      "request 7 was lost, not sent: the connection was closed by us"
    ])
  })

  it("are schemas", () => {
    const error = new RequestTimedOut({ id: 1, timeout: Duration.seconds(1), delivery: "notSent" })
    const codec = Schema.toCodecJson(RequestTimedOut)
    assert.deepStrictEqual(Schema.decodeUnknownSync(codec)(Schema.encodeUnknownSync(codec)(error)), error)
  })
})
