import { describe, expect, it } from "vitest"
import { describeEnd, failureOfEnd, isCrash, parse } from "../../../src/cli/daemon/processEnd.ts"

const ended = (changes: Partial<Parameters<typeof describeEnd>[0]>) =>
  describeEnd({ at: "2026-01-01T00:00:00.000Z", code: 0, signal: null, stderr: [], ...changes })

const refused = JSON.stringify({
  event: "failed",
  message: "a: refused with 403",
  exit: "refused",
  exitCode: 10,
  reason: "HandshakeRejected",
  advice: "Check the credentials."
})

describe("the end of a worker", () => {
  it("is told in its own last words", () => {
    const end = ended({ code: 10, stderr: ["{\"event\":\"open\"}", refused, ""] })
    expect(end).toMatchObject({ message: "a: refused with 403", exit: "refused", code: 10 })
    expect(failureOfEnd(end)).toMatchObject({
      exit: "refused",
      exitCode: 10,
      reason: "HandshakeRejected",
      advice: "Check the credentials."
    })
  })

  it("is told by its signal", () => {
    const end = ended({ code: null, signal: "SIGKILL", stderr: [refused] })
    expect(end.message).toBe("The worker was killed by SIGKILL.")
    expect(failureOfEnd(end).exit).toBe("failure")
  })

  it("is told as what it is where memory ran out", () => {
    const end = ended({ code: null, signal: "SIGABRT", stderr: ["FATAL ERROR: JavaScript heap out of memory", ""] })
    expect(end.message).toContain("ran out of memory")
    expect(end.advice).toContain("--max-old-space-size")
  })

  it("is told by its code where there is nothing else", () => {
    expect(ended({ code: 7 }).message).toBe("The worker ended with code 7.")
    expect(ended({ code: null, stderr: ["spawn /usr/bin/node EAGAIN"] }).message).toBe(
      "The worker could not be started: spawn /usr/bin/node EAGAIN."
    )
  })

  it.each([
    ["a signal", { code: null, signal: "SIGKILL" }, true],
    ["a defect", { code: 1 }, true],
    ["Node's own codes", { code: 9 }, true],
    ["no code at all", { code: null }, true],
    ["giving up", { code: 18 }, false],
    ["being refused", { code: 10 }, false],
    ["an end that was asked for", { code: 0 }, false]
  ])("by %s is a crash, or is not", (_, how, crash) => {
    expect(isCrash(ended(how), true)).toBe(crash)
  })

  it("by a broken config is a crash only where it was right before", () => {
    expect(isCrash(ended({ code: 21 }), true)).toBe(true)
    expect(isCrash(ended({ code: 21 }), false)).toBe(false)
  })
})

describe("a line", () => {
  it("is an object, or is not", () => {
    expect(parse("{\"a\":1}")).toEqual({ a: 1 })
    for (const line of ["", "at Object.<anonymous>", "{", "[1]", "null"]) expect(parse(line)).toBeUndefined()
  })
})
