import { it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { describe, expect } from "vitest"
import { descriptions, Fault, isSessionFault, parse, triggerOf } from "../../../src/cli/chaos/Fault.ts"

describe("a fault", () => {
  it.effect("is read from a flag, with its numbers and durations", () =>
    Effect.gen(function*() {
      expect(yield* parse("refuse,status=503,retry-after=15,times=2")).toEqual({
        fault: "refuse",
        status: 503,
        "retry-after": "15",
        times: 2
      })
      expect(yield* parse("close,code=1012,after=5s,reason=a=b")).toEqual({
        fault: "close",
        code: 1012,
        after: Duration.seconds(5),
        reason: "a=b"
      })
    }))

  it.effect.each(
    [
      ["refus", "There is no fault \"refus\". There are: refuse, stall"],
      ["refuse,503", "\"503\" in \"refuse,503\" is not NAME=VALUE"],
      ["refuse,status=x", "at [\"status\"]"],
      ["refuse,statu=503", "Expected no excess property at [\"statu\"]"],
      ["refuse,probability=2", "at [\"probability\"]"],
      ["close,after=soon", "a duration such as 250ms, 30s or 5m"],
      ["close,messages=0", "a whole number from 1"],
      ["idle-cut", "Missing key at [\"after\"]"]
    ] as const
  )("that makes no sense says so: %s", ([text, sentence]) =>
    Effect.gen(function*() {
      expect(yield* Effect.flip(parse(text))).toContain(sentence)
    }))

  it.effect("of every name is described, and makes a round trip through JSON", () =>
    Effect.gen(function*() {
      const names = Fault.members.map(({ fields }) => fields.fault.literal)
      expect(Object.keys(descriptions).toSorted()).toEqual(names.toSorted())
      for (const name of names) {
        const fault = yield* parse(`${name}${name === "idle-cut" ? ",after=1s" : name === "latency" ? ",for=1s" : ""}`)
        const json = yield* Schema.encodeEffect(Fault)(fault)
        expect(yield* Schema.decodeUnknownEffect(Fault)(json)).toEqual(fault)
      }
    }))

  it.effect("of a session tells when it happens; the idle cut waits for silence instead", () =>
    Effect.gen(function*() {
      const close = yield* parse("close,after=1s,messages=3")
      expect(isSessionFault(close) && triggerOf(close)).toMatchObject({ after: Duration.seconds(1), messages: 3 })
      const cut = yield* parse("idle-cut,after=1s")
      expect(isSessionFault(cut) && triggerOf(cut)).toEqual({})
      expect(isSessionFault(yield* parse("refuse"))).toBe(false)
    }))
})
