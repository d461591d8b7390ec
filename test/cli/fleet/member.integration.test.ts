import { it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { describe, expect } from "vitest"
import { makeMember } from "../../../src/cli/fleet/member.ts"
import * as wsServer from "../../support/wsServer.ts"

const plan = (url: string) => ({ name: "feed", fingerprint: "", options: { url }, attach: () => Effect.void })

describe("a member of a fleet", () => {
  it.live("dials when it is told to begin, and not before", () =>
    Effect.gen(function*() {
      const server = yield* wsServer.echo()
      const tags: Array<string> = []
      const member = yield* Effect.acquireRelease(
        makeMember(plan(server.url), {
          onEvent: (_, event) => tags.push(event._tag)
        }),
        ({ end }) => end
      )
      expect(yield* member.connection.status).toMatchObject({ _tag: "Connecting", attempt: 0 })
      expect(member.dials()).toBe(0)
      yield* member.begin
      yield* Deferred.await(member.opened)
      expect(member.dials()).toBe(1)
      yield* member.end
      // All of it was told before `end` returned.
      expect(tags).toEqual(["Dialling", "Opened", "Disconnected", "Closed"])
      expect([member.isOver(), member.gaveUp(), member.dials()]).toEqual([true, undefined, 1])
    }))
})
