import { assert, describe, it } from "@effect/vitest"
import { Duration, Equal, Option } from "effect"
import * as Headers from "effect/http/Headers"
import { retryAfter } from "../../src/internal/retryAfter.ts"

const wait = (headers: Record<string, string>, now?: number) => retryAfter(Headers.fromInput(headers), now)

const is = (actual: Option.Option<Duration.Duration>, expected: Duration.Input) =>
  assert.isTrue(Equal.equals(actual, Option.some(Duration.fromInputUnsafe(expected))), JSON.stringify(actual))

describe("Retry-After", () => {
  it("is understood as seconds", () => {
    is(wait({ "retry-after": "120" }), "2 minutes")
    is(wait({ "retry-after": " 7 " }), "7 seconds")
  })

  it("is understood as a date, relative to the answer's own Date, whatever our clock says", () => {
    const headers = { "date": "Wed, 21 Oct 2015 07:28:00 GMT", "retry-after": "Wed, 21 Oct 2015 07:28:30 GMT" }
    is(wait(headers), "30 seconds")
    is(wait(headers, 0), "30 seconds")
  })

  it("is relative to now where the answer has no Date, or one that is garbage", () => {
    const now = Date.parse("2015-10-21T07:28:00Z")
    is(wait({ "retry-after": "Wed, 21 Oct 2015 07:28:30 GMT" }, now), "30 seconds")
    is(wait({ "date": "yesterday", "retry-after": "Wed, 21 Oct 2015 07:28:30 GMT" }, now), "30 seconds")
  })

  it("is never longer than an hour", () => {
    is(wait({ "retry-after": "3601" }), "1 hour")
    is(wait({ "retry-after": "9".repeat(40) }), "1 hour")
    is(wait({ "date": "Wed, 21 Oct 2015 07:28:00 GMT", "retry-after": "Thu, 22 Oct 2015 07:28:00 GMT" }), "1 hour")
  })

  it("is ignored where it is garbage, past, zero, or a date with nothing to measure it by", () => {
    for (const value of ["", "soon", "-1", "1.5", "1e3", "Infinity", "1, 2", "0", "Wed, 21 Oct 2015 07:28:30 GMT"]) {
      assert.isTrue(Option.isNone(wait({ "retry-after": value })), value)
    }
    assert.isTrue(Option.isNone(wait({})))
    assert.isTrue(Option.isNone(
      wait({ "date": "Wed, 21 Oct 2015 07:28:00 GMT", "retry-after": "Wed, 21 Oct 2015 07:27:00 GMT" })
    ))
  })
})
