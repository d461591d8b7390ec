import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { describe, expect } from "vitest"
import { trafficOf } from "../../../src/cli/fleet/traffic.ts"
import { Meter } from "../../../src/internal/meter.ts"

describe("the traffic of a connection", () => {
  it.effect("is what its meter counted under its name, in that direction", () =>
    Effect.gen(function*() {
      const context = yield* Effect.context<never>()
      const meter = new Meter(context, { name: "traffic.test" })
      meter.passed("inbound", 3, 30)
      meter.passed("inbound", 1, 4)
      meter.passed("outbound", 2, 7)
      new Meter(context, { name: "another" }).passed("inbound", 100, 100)
      expect(trafficOf(context, "traffic.test", "inbound")).toEqual({ messages: 4, bytes: 34 })
      expect(trafficOf(context, "traffic.test", "outbound")).toEqual({ messages: 2, bytes: 7 })
    }))
})
