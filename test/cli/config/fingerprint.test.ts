import * as Redacted from "effect/Redacted"
import { describe, expect, it } from "vitest"
import { fingerprint } from "../../../src/cli/config/fingerprint.ts"

describe("a fingerprint", () => {
  it("is the same in whichever order the keys are", () => {
    expect(fingerprint({ a: 1, b: { c: "x", d: [1, 2] } })).toBe(
      fingerprint({ b: { d: [1, 2], c: "x" }, a: 1, e: undefined })
    )
  })

  it("is another for every other value, a secret too", () => {
    const all = [
      { a: 1 },
      { a: "1" },
      { a: [1] },
      { a: null },
      { a: Redacted.make("1") },
      { a: Redacted.make("2") },
      { a: new Date(0) },
      { a: new Date(1) }
    ].map(fingerprint)
    expect(new Set(all).size).toBe(all.length)
  })

  it("is no place to read a secret", () => {
    expect(fingerprint({ a: Redacted.make("secret") })).not.toContain("secret")
  })
})
