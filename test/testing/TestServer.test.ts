import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { TestPeer, TestServer } from "../../src/testing/TestServer.ts"
import * as TestTransport from "../../src/testing/TestTransport.ts"
import type { RealPeer } from "../support/realPeer.ts"
import * as RealServer from "../support/realServer.ts"

/** Compiles only where a value of `A` may stand for one of `B`. */
type Extends<A extends B, B> = A

export type RealIsATestServer = Extends<RealServer.RealServer, TestServer>
export type RealIsATestPeer = Extends<RealPeer, TestPeer>

describe("TestServer", () => {
  it.live("has the same members over memory and over real sockets", () =>
    Effect.gen(function*() {
      const { server } = yield* TestTransport.make
      const real = yield* RealServer.make()
      const members = Object.keys(server)
      for (const member of members) assert.property(real, member)
      for (const member of Object.keys(server.next)) assert.property(real.next, member)
      assert.includeMembers(members, ["accept", "reject", "refuse", "stall", "invalid", "next", "peer", "dials"])
    }))
})
