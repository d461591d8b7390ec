import { describe, expect, it } from "vitest"
import { acceptFor, answer, isUpgrade, readAsked } from "../../../src/cli/chaos/answers.ts"
import type { Fault } from "../../../src/cli/chaos/Fault.ts"

const asked = readAsked(
  "GET /feed?token=x HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: one, two"
)

type AnswerFault = Parameters<typeof answer>[1][number]

const said = (...faults: ReadonlyArray<AnswerFault>) => {
  const { bytes, next } = answer(asked, faults)
  return { next, text: bytes.toString("latin1") }
}

describe("the answer to a dial", () => {
  it("reads what was asked", () => {
    expect(asked).toMatchObject({ method: "GET", target: "/feed?token=x" })
    expect(isUpgrade(asked)).toBe(true)
    expect(isUpgrade(readAsked("GET / HTTP/1.1\r\nHost: a"))).toBe(false)
  })

  it("is right where nothing is wrong (RFC 6455 §1.3), and chooses the first subprotocol", () => {
    const { next, text } = said()
    expect(next).toBe("session")
    expect(text).toContain("sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n")
    expect(text).toContain("sec-websocket-protocol: one\r\n")
    expect(text).not.toContain("extensions")
  })

  it("has a status of its own, with what belongs to it", () => {
    const { next, text } = said({ fault: "refuse", status: 429, "retry-after": "15", body: "slow down" })
    expect(next).toBe("end")
    expect(text).toMatch(/^HTTP\/1.1 429 Too Many Requests\r\nretry-after: 15\r\ncontent-length: 9\r\n\r\nslow down$/)
  })

  it.each<readonly [AnswerFault, RegExp, "end" | "wait" | "session"]>([
    [{ fault: "not-http" }, /^SSH/, "end"],
    [{ fault: "wrong-accept" }, new RegExp(`accept: ${acceptFor("a key from another request")}`), "wait"],
    [{ fault: "no-upgrade" }, /^(?!.*\r\nupgrade)/s, "wait"],
    [{ fault: "no-connection" }, /^(?!.*\r\nconnection)/s, "wait"],
    [{ fault: "wrong-subprotocol", name: "three" }, /protocol: three/, "wait"],
    [{ fault: "no-subprotocol" }, /^(?!.*protocol: )/s, "session"],
    [{ fault: "unasked-extension" }, /extensions: x-never-offered/, "wait"]
  ])("can be wrong: %o", (fault, pattern, next) => {
    const answered = said(fault)
    expect(answered.text).toMatch(pattern)
    expect(answered.next).toBe(next)
  })

  it("is not touched by faults of the session", () => {
    const stall: Fault = { fault: "stall" }
    expect(said(stall).text).toBe(said().text)
  })
})
