import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { acts } from "../../examples/demo/acts.ts"
import { Feed } from "../../examples/demo/feed.ts"
import type { MisbehavingServer } from "../../src/cli/chaos/misbehavingServer.ts"

/** A server whose sessions are the test's. */
const fakeServer = (sessions: Array<number>): MisbehavingServer => ({
  url: "",
  port: 0,
  misbehave: () => Effect.void,
  replaceFaults: () => Effect.void,
  faults: Effect.succeed([]),
  befall: () => Effect.sync(() => [...sessions]),
  send: () => Effect.sync(() => [...sessions]),
  refuseTcp: () => Effect.void,
  reports: Effect.succeed([]),
  dials: Effect.succeed([]),
  sessions: Effect.succeed(0),
  lastClose: Effect.succeed(undefined),
  connections: Effect.succeed(0)
})

describe("the demo's books", () => {
  it.effect("tell apart what was sent to nobody and what was lost with a session", () =>
    Effect.gen(function*() {
      const sessions: Array<number> = []
      const feed = new Feed(fakeServer(sessions))
      yield* feed.publish(2)
      sessions.push(1)
      yield* feed.publish(3)
      for (const number of [3, 5]) feed.receive(number)
      assert.deepStrictEqual(feed.missing, [
        { first: 1, last: 2, session: undefined },
        { first: 4, last: 4, session: 1 }
      ])
      assert.deepStrictEqual(feed.unexplained(new Set()), [4])
      assert.deepStrictEqual(feed.unexplained(new Set([1])), [])
      assert.isFalse(feed.has(3, 5))
    }))

  it("see what was handed out twice or out of order", () => {
    const feed = new Feed(fakeServer([]))
    for (const number of [1, 2, 4, 3, 4, 5]) feed.receive(number)
    assert.deepStrictEqual(feed.twice, [4])
    assert.deepStrictEqual(feed.outOfOrder, [3])
  })
})

describe("the demo's acts", () => {
  it.each(acts.map((act) => [act.server, act] as const))("do not hold where nothing happened: %s", (_name, act) => {
    assert.isAbove(act.failures({ events: [], dials: [], feed: new Feed(fakeServer([])) }).length, 0)
  })
})
