import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { describe, expect, it } from "vitest"
import { argumentOf, Claimed, readOrder } from "../../../src/cli/daemon/launch.ts"

describe("an order", () => {
  it("is one argument, read as it was given", () => {
    const order = { name: "feed", folder: "/run/holdfast", log: "/var/log/feed.log", config: "/etc/feed.toml" }
    expect(Effect.runSync(readOrder(argumentOf(order)))).toEqual(order)
    const more = { ...order, http: "127.0.0.1:0", connections: ["a"] }
    expect(Effect.runSync(readOrder(argumentOf(more)))).toEqual(more)
  })

  it("is not for people", () => {
    expect(Effect.runSync(Effect.flip(readOrder("feed.toml")))).toMatchObject({ exit: "usage" })
  })

  it("is answered with a pid, or with why not", () => {
    const read = Schema.decodeUnknownSync(Claimed)
    expect(read("{\"claimed\":12}")).toEqual({ claimed: 12 })
    expect(read("{\"exit\":\"config\",\"message\":\"no\"}")).toEqual({ exit: "config", message: "no" })
  })
})
