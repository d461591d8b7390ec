import * as Redacted from "effect/Redacted"
import { describe, expect, it } from "vitest"
import { cookieName, isBearer, isSession, isToken, openSession, sessionSeconds } from "../../../src/cli/page/session.ts"

const token = Redacted.make("the-token-of-these-tests")
const now = 1_700_000_000_000

describe("a bearer token", () => {
  it("is taken with whatever case the scheme has, and nothing else", () => {
    expect(isBearer(token, "Bearer the-token-of-these-tests")).toBe(true)
    expect(isBearer(token, "bearer  the-token-of-these-tests")).toBe(true)
    for (
      const header of [undefined, "", "Bearer", "Bearer ", "Basic the-token-of-these-tests", "the-token-of-these-tests"]
    ) {
      expect(isBearer(token, header)).toBe(false)
    }
    expect(isToken(token, "the-token-of-these-test")).toBe(false)
    expect(isToken(token, "")).toBe(false)
  })
})

describe("a session", () => {
  it("is good for a week, and does not have the token in it", () => {
    const value = openSession(token, now)
    expect(value).not.toContain(Redacted.value(token))
    expect(isSession(token, value, now)).toBe(true)
    expect(isSession(token, value, now + sessionSeconds * 1000 - 1)).toBe(true)
    expect(isSession(token, value, now + sessionSeconds * 1000)).toBe(false)
  })

  it("ends with the token", () => {
    expect(isSession(Redacted.make("another-token-of-these"), openSession(token, now), now)).toBe(false)
  })

  it("cannot be made longer, nor made up", () => {
    const value = openSession(token, now)
    const [until = "", seal = ""] = value.split(".")
    expect(isSession(token, `${Number(until) + 1}.${seal}`, now)).toBe(false)
    for (
      const forged of [
        undefined,
        "",
        ".",
        `${until}.`,
        `${until}.x`,
        `0${until}.${seal}`,
        `${until}.${seal}x`,
        `NaN.${seal}`
      ]
    ) {
      expect([forged, isSession(token, forged, now)]).toEqual([forged, false])
    }
  })

  it("has a cookie of its own for each port", () => {
    expect(cookieName(9464)).not.toBe(cookieName(9465))
  })
})
