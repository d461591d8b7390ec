// A protocol over the in-memory network, and what it logs.
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import type * as Schema from "effect/Schema"
import * as Protocol from "../../src/Protocol.ts"
import { connect, settle, type Setup } from "./connect.ts"
import { feed } from "./feed.ts"

/** A protocol over an open connection to a new in-memory server, and its peer. */
export const speakWith = Effect.fnUntraced(function*<
  I extends Schema.ConstraintDecoder<unknown>,
  O extends Schema.ConstraintEncoder<unknown>,
  R = never
>(options: Protocol.Options<I, O, R>, setup: Setup = {}) {
  const { connection, server } = yield* connect(setup)
  const protocol = yield* Protocol.over(connection, options)
  const peer = yield* server.peer
  yield* settle
  return { connection, peer, protocol, server }
})

/** The same for the small protocol of `feed.ts`. */
export const speak = (
  options: Partial<Protocol.Options<typeof feed.incoming, typeof feed.outgoing>> = {},
  setup?: Setup
) => speakWith({ ...feed, ...options }, setup)

/** Runs with the lines of warnings and errors that are logged. */
export const heard = Effect.fnUntraced(function*<A, E, R>(effect: (lines: Array<string>) => Effect.Effect<A, E, R>) {
  const lines: Array<string> = []
  const logger = Logger.make<unknown, void>(({ cause, logLevel, message }) => {
    if (logLevel !== "Warn" && logLevel !== "Error") return
    lines.push(`${logLevel} ${[message].flat().join(" ")}${Cause.hasDies(cause) ? ` ${Cause.pretty(cause)}` : ""}`)
  })
  return yield* Effect.provide(effect(lines), Logger.layer([logger]))
})
