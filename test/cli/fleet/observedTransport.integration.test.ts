import { it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { describe, expect } from "vitest"
import { observedTransport } from "../../../src/cli/fleet/observedTransport.ts"
import type { Link } from "../../../src/Link.ts"
import * as NodeConnection from "../../../src/node/NodeConnection.ts"
import * as wsServer from "../../support/wsServer.ts"

describe("an observed transport", () => {
  it.live("shows each link and the moment of each message, and changes nothing", () =>
    Effect.gen(function*() {
      const server = yield* wsServer.make((socket) => socket.send("hello"))
      const links: Array<Link> = []
      const moment = yield* Deferred.make<bigint>()
      const transport = observedTransport(undefined, {
        linked: (link) => links.push(link),
        messaged: (nanos) => Deferred.doneUnsafe(moment, Exit.succeed(nanos))
      })
      const connection = yield* NodeConnection.make({ url: server.url, transport })
      const session = yield* connection.awaitOpen
      expect(yield* session.receive).toBe("hello")
      expect(links).toHaveLength(1)
      expect(links[0]?.endpoint).toBe(server.url)
      const seen = yield* Deferred.await(moment)
      // On the clock that the link itself reads.
      const inbound = links[0]?.lastInbound() ?? 0n
      expect(Number(inbound > seen ? inbound - seen : seen - inbound)).toBeLessThan(1e9)
    }))
})
