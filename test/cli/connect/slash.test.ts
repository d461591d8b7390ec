import { describe, expect, it } from "vitest"
import { isCommand, names, parse } from "../../../src/cli/connect/slash.ts"

describe("a line", () => {
  it("is a command where it begins with one slash", () => {
    expect(["/ping", "/", "//x", "x", " /ping"].map(isCommand)).toEqual([true, true, false, false, false])
  })
})

describe("a command", () => {
  it("may have a payload", () => {
    expect(parse("/ping")).toEqual({ _tag: "Ping", payload: "" })
    expect(parse("/ping are you there")).toEqual({ _tag: "Ping", payload: "are you there" })
    expect(parse("/pong x")).toEqual({ _tag: "Pong", payload: "x" })
    expect(parse(`/ping ${"x".repeat(126)}`)).toMatchObject({ _tag: "Wrong" })
  })

  it("closes or dials again, with a code and a reason", () => {
    expect(parse("/close")).toEqual({ _tag: "Close", code: undefined, reason: undefined })
    expect(parse("/close 4000")).toEqual({ _tag: "Close", code: 4000, reason: undefined })
    expect(parse("/close 4000 so long")).toEqual({ _tag: "Close", code: 4000, reason: "so long" })
    expect(parse("/reconnect 1000")).toMatchObject({ _tag: "Reconnect", code: 1000 })
    expect(parse("/close now")).toMatchObject({ _tag: "Wrong" })
  })

  it("sends bytes", () => {
    expect(parse("/binary 00 ff")).toEqual({ _tag: "Binary", bytes: Uint8Array.of(0, 255) })
    expect(parse("/binary zz")).toMatchObject({ _tag: "Wrong" })
  })

  it("that is unknown is no message by mistake", () => {
    expect(parse("/nope x")).toEqual({
      _tag: "Wrong",
      problem: "There is no command /nope. /help lists them; //nope sends it as a message."
    })
  })

  it("is known by every name that is completed", () => {
    expect(names.filter((name) => parse(`${name} 1000`)._tag === "Wrong" && name !== "/binary")).toEqual([])
  })
})
