import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { describe, expect } from "vitest"
import { plainHost, resolveName } from "../../../src/cli/probe/resolveName.ts"

describe("a host name", () => {
  it.live("is looked up, all addresses of it", () =>
    Effect.gen(function*() {
      const [addresses, told] = yield* resolveName("localhost", 4)
      expect(addresses).toContainEqual({ address: "127.0.0.1", family: 4 })
      expect(told.text).toContain("localhost is 127.0.0.1")
    }))

  it.live("that is an address is not", () =>
    Effect.gen(function*() {
      const [addresses] = yield* resolveName(plainHost(new URL("ws://[::1]:80/")), undefined)
      expect(addresses).toEqual([{ address: "::1", family: 6 }])
    }))

  it.live("that does not exist says so", () =>
    Effect.gen(function*() {
      expect(yield* Effect.flip(resolveName("no-such-host.invalid", undefined))).toMatchObject({ exit: "dns" })
    }))
})
