import { assert, describe, it } from "@effect/vitest"
import { isLegalAnswer, parse } from "../../src/internal/extensions.ts"

describe("Sec-WebSocket-Extensions", () => {
  it("is read with parameters, with or without values, quoted or not (RFC 6455 §9.1)", () => {
    assert.deepStrictEqual(parse("a; x; y=1 , b;z=\"2\"; w = \"\\3\""), [
      { name: "a", parameters: [["x", undefined], ["y", "1"]] },
      { name: "b", parameters: [["z", "2"], ["w", "3"]] }
    ])
  })

  it("is refused where it breaks the grammar", () => {
    for (const header of ["", " ", ",", "a,", "a;", "a; =1", "a; x=", "a; x=\"\"", "a b", "a; x=\"1,2\"", "a; x=1=2"]) {
      assert.isUndefined(parse(header), header)
    }
  })

  it("may agree to what was offered, or to less", () => {
    assert.isTrue(isLegalAnswer(["permessage-deflate"], "permessage-deflate"))
    assert.isTrue(isLegalAnswer(["x-a; p=1", "x-b"], "x-b; q=2"))
  })

  it("may not agree to what was not offered, nor to one thing twice", () => {
    assert.isFalse(isLegalAnswer([], "permessage-deflate"))
    assert.isFalse(isLegalAnswer(["permessage-deflate"], "x-webkit-deflate-frame"))
    assert.isFalse(isLegalAnswer(["permessage-deflate"], "Permessage-Deflate"))
    assert.isFalse(isLegalAnswer(["permessage-deflate"], "permessage-deflate, permessage-deflate"))
  })
})

describe("an answer to permessage-deflate (RFC 7692 §7.1)", () => {
  const plain = ["permessage-deflate"]
  const window = ["permessage-deflate; client_max_window_bits"]

  it("may ask for no context takeover, without a value", () => {
    for (const side of ["server", "client"]) {
      assert.isTrue(isLegalAnswer(plain, `permessage-deflate; ${side}_no_context_takeover`))
      assert.isFalse(isLegalAnswer(plain, `permessage-deflate; ${side}_no_context_takeover=1`))
    }
  })

  it("may limit the server's window to 8 to 15 bits, written without leading zeros", () => {
    for (const bits of ["8", "9", "10", "15", "\"12\""]) {
      assert.isTrue(isLegalAnswer(plain, `permessage-deflate; server_max_window_bits=${bits}`), bits)
    }
    for (const bits of ["7", "16", "08", "010", "1.0", "-8", "8x", "\"\""]) {
      assert.isFalse(isLegalAnswer(plain, `permessage-deflate; server_max_window_bits=${bits}`), bits)
    }
    assert.isFalse(isLegalAnswer(plain, "permessage-deflate; server_max_window_bits"))
  })

  it("may limit our window only where we offered that, and always with a value", () => {
    assert.isTrue(isLegalAnswer(window, "permessage-deflate; client_max_window_bits=10"))
    assert.isFalse(isLegalAnswer(plain, "permessage-deflate; client_max_window_bits=10"))
    assert.isFalse(isLegalAnswer(window, "permessage-deflate; client_max_window_bits"))
  })

  it("may not ask for a larger window than was offered", () => {
    const offer = ["permessage-deflate; server_max_window_bits=10; client_max_window_bits=10"]
    assert.isTrue(isLegalAnswer(offer, "permessage-deflate; server_max_window_bits=10; client_max_window_bits=9"))
    assert.isFalse(isLegalAnswer(offer, "permessage-deflate; server_max_window_bits=11"))
    assert.isFalse(isLegalAnswer(offer, "permessage-deflate; client_max_window_bits=11"))
  })

  it("fits one of several offers", () => {
    const offers = ["permessage-deflate; server_max_window_bits=10", ...window]
    assert.isTrue(isLegalAnswer(offers, "permessage-deflate; client_max_window_bits=12"))
  })

  it("has no unknown and no repeated parameter", () => {
    assert.isFalse(isLegalAnswer(plain, "permessage-deflate; level=9"))
    assert.isFalse(
      isLegalAnswer(plain, "permessage-deflate; server_no_context_takeover; server_no_context_takeover")
    )
  })
})
