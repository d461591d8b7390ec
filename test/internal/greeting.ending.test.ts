import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import type { GreetSession } from "../../src/Handshake.ts"
import { collect, connect, settle } from "../support/connect.ts"

describe("the session that greet was given", () => {
  it.effect("ends an open session at once, also towards a peer that never answers the Close", () =>
    Effect.gen(function*() {
      let greeted: GreetSession | undefined
      const greet = (session: GreetSession) =>
        Effect.sync(() => {
          greeted = session
        })
      const { connection, server } = yield* connect({ handshake: { greet } })
      const changes = yield* collect(connection.changes)
      const peer = yield* server.peer
      yield* settle
      yield* peer.blackhole({ inbound: true, outbound: true })
      yield* greeted!.end({ code: 4000, reason: "no heartbeat ack" })
      yield* settle
      const status = changes.at(-1)
      assert(status?._tag === "Waiting")
      assert.strictEqual(status.cause.reason._tag, "ApplicationClose")
      assert.deepInclude(status.cause.reason, { code: 4000, initiator: "self" })
      // What is left of the old socket is freed within `closeTimeout`.
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual(yield* server.openLinks, 1)
    }))
})
