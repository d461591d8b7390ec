/**
 * A connection over the in-memory network that is open, or is not yet, and what
 * happens to it next.
 */
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import { TestClock } from "effect/testing"
import type { ConnectionError } from "../../src/ConnectionError.ts"
import type { TestPeer, TestServer } from "../../src/testing/TestServer.ts"
import { collect, connect, settle, type Setup } from "./connect.ts"

/** A connection with its first session. */
export const open = Effect.fnUntraced(function*(setup: Setup = {}) {
  const { connection, server } = yield* connect(setup)
  const peer = yield* server.peer
  yield* settle
  const events = yield* collect(connection.events)
  return { connection, events, peer, server }
})

/** A connection whose dials are refused until the server is told otherwise. */
export const closedAtFirst = Effect.fnUntraced(function*(setup: Setup = {}) {
  const { connection, server } = yield* connect({ ...setup, server: (server) => server.refuse("ECONNREFUSED") })
  yield* settle
  const events = yield* collect(connection.events)
  return { connection, events, server }
})

/** Lets the next dial succeed. */
export const reopen = Effect.fnUntraced(function*(server: TestServer) {
  yield* server.accept()
  yield* TestClock.adjust("1 second")
  const peer = yield* server.peer
  yield* settle
  return peer
})

/** Cuts the session, and refuses the dials that follow. */
export const cut = Effect.fnUntraced(function*(server: TestServer, peer: TestPeer) {
  yield* server.refuse("ECONNREFUSED")
  yield* peer.drop
  yield* settle
})

/** How a send ended: its cause's tag, or that it succeeded; undefined while it waits. */
export const outcome = (fiber: Fiber.Fiber<void, ConnectionError>): string | undefined => {
  const exit = fiber.pollUnsafe()
  if (exit === undefined || Exit.isSuccess(exit)) return exit?._tag
  const error = Exit.findErrorOption(exit)
  if (error._tag === "None") return "Interrupted"
  const { reason } = error.value
  assert(reason._tag === "SendFailed")
  assert.strictEqual(reason.delivery, "notSent")
  return reason.cause.reason._tag
}
