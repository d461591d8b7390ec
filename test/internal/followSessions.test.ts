import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { TestClock } from "effect/testing"
import { followSessions } from "../../src/internal/followSessions.ts"
import { beside, settle, type Setup } from "../support/connect.ts"
import { converse, heard } from "../support/conversation.ts"

const follow = Effect.fnUntraced(function*(options: { readonly late: boolean }, setup: Setup = {}) {
  const talk = yield* converse(setup)
  if (options.late) yield* talk.connection.awaitOpen
  const told: Array<string> = []
  yield* talk.protocol.listen(({ n }) => void told.push(`${n}`))
  yield* followSessions(talk.protocol, {
    onBegin: (session) => {
      told.push(`begin ${session.id}`)
      return session.send({ op: "first" })
    },
    onEnd: (error) => void told.push(`end: ${error.reason._tag}`),
    onClosed: (exit) => void told.push(`closed: ${exit._tag}`)
  })
  return { ...talk, told }
})

describe("following sessions", () => {
  it.effect.each([false, true])(
    "tells of each in order, once (one was open before: %s)",
    (late) =>
      Effect.gen(function*() {
        const { connection, server, told } = yield* follow({ late })
        const peer = yield* server.peer
        yield* settle
        yield* peer.send(JSON.stringify({ n: 1 }))
        yield* peer.drop
        yield* settle
        yield* TestClock.adjust("1 second")
        const next = yield* server.peer
        yield* next.send(JSON.stringify({ n: 2 }))
        yield* settle
        yield* beside(connection.close())
        yield* TestClock.adjust("5 seconds")
        assert.deepStrictEqual(told, [
          "begin 1",
          "1",
          "end: AbnormalClosure",
          "begin 2",
          "2",
          "end: NormalClosure",
          "closed: Success"
        ])
        assert.deepStrictEqual(yield* heard(next), ["first"])
      })
  )

  it.effect("the end is told before the next session begins, also where that follows at once", () =>
    Effect.gen(function*() {
      const { connection, told } = yield* follow({ late: false })
      yield* settle
      for (let i = 0; i < 3; i++) {
        yield* connection.reconnect()
        yield* settle
      }
      yield* settle
      const end = "end: NormalClosure"
      assert.deepStrictEqual(told, ["begin 1", end, "begin 2", end, "begin 3", end, "begin 4"])
    }))

  it.effect("a connection that gives up is told as it is", () =>
    Effect.gen(function*() {
      const { server, told } = yield* follow({ late: false }, { server: (server) => server.reject(403) })
      yield* settle
      assert.deepStrictEqual(told, ["closed: Failure"])
      assert.lengthOf(yield* server.dials, 1)
    }))

  it.effect("keeps no messages for a reader of the session that was open before", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* follow({ late: true }, { connection: { inbound: { highWaterMark: 64 } } })
      const peer = yield* server.peer
      for (let n = 0; n < 50; n++) yield* peer.send(JSON.stringify({ n }))
      yield* settle
      const status = yield* connection.status
      assert.isTrue(status._tag === "Open" && !status.paused)
    }))
})
