import { assert, describe, it } from "@effect/vitest"
import { isToken, tokenPrefix } from "../../src/internal/token.ts"

describe("tokens", () => {
  it("are of visible ASCII without separators", () => {
    for (const text of ["chat", "v2.feed+json", "!#$%&'*+-.^_`|~09azAZ"]) assert.isTrue(isToken(text), text)
  })

  it("are never empty, and hold no space, separator, line break or letter beyond ASCII", () => {
    const separators = "()<>@,;:\\\"/[]?={} \t".split("").map((separator) => `a${separator}b`)
    for (const text of ["", "a\n", "a\r\nb", "ä", "a\0", ...separators]) assert.isFalse(isToken(text), text)
  })

  it("can be found at the beginning of a text", () => {
    assert.strictEqual(tokenPrefix("x-id: 1"), "x-id")
    assert.strictEqual(tokenPrefix("\r\nx"), "")
    assert.strictEqual(tokenPrefix("x-id"), "x-id")
  })
})
