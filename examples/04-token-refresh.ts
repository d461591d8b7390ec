// Shows a token at every handshake. A token that has expired is refused with 401; Holdfast then tries once more, at
// once, and tells the `headers` effect why, so that it fetches a new one. A second 401 is final.
//
//   npx node examples/04-token-refresh.ts
import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect, Option, Redacted } from "effect"
import type { Handshake } from "holdfast"
import { NodeConnection } from "holdfast/node"
import { tokenServer } from "./servers/tokens.ts"

/** A token source with a cache: asks the identity provider only where the last token was refused. */
const makeTokens = (issue: Effect.Effect<string>) => {
  let cached = Redacted.make("of-yesterday")
  return ({ attempt, previous }: Handshake.AttemptContext) =>
    Effect.gen(function*() {
      if (wasRefused(previous)) {
        yield* Console.log(`attempt ${attempt}: the token was refused, fetching a new one`)
        cached = Redacted.make(yield* issue)
      } else {
        yield* Console.log(`attempt ${attempt}: using the token from the cache`)
      }
      return { authorization: Redacted.make(`Bearer ${Redacted.value(cached)}`) }
    })
}

const wasRefused = (previous: Handshake.AttemptContext["previous"]): boolean =>
  Option.exists(previous, ({ reason }) => reason._tag === "HandshakeRejected" && reason.status === 401)

const main = Effect.gen(function*() {
  const server = yield* tokenServer
  const connect = NodeConnection.make({ url: server.url, headers: makeTokens(server.issue) })

  yield* Console.log("# The token in the cache has expired")
  const first = yield* connect
  const session = yield* first.awaitOpen
  yield* Console.log("open, and the server says:", yield* session.receive)
  yield* Console.log(`handshakes so far: ${yield* server.handshakes}`)
  yield* first.close()

  yield* Console.log("# The account is blocked: a new token does not help")
  yield* server.revoke
  const second = yield* NodeConnection.make({ url: server.url, headers: makeTokens(Effect.succeed("of-no-use")) })
  // Holdfast asked twice, not for ever; whoever waits is told the cause.
  yield* Effect.catchReason(
    second.await,
    "ConnectionError",
    "HandshakeRejected",
    (reason) => Console.log(`closed: ${reason.message}`)
  )
  yield* Console.log(`handshakes so far: ${yield* server.handshakes}`)
})

NodeRuntime.runMain(Effect.scoped(main))
