// Holdfast's typed messages, as published: a codec and a schema, read by `messages` or by `listen`.
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { Codec, type ConnectionError, type Protocol } from "holdfast"
import { NodeProtocol } from "holdfast/node"
import type { Client } from "../types.ts"
import { untilOpen } from "./holdfast.ts"

type Read<A> = (
  protocol: Protocol.ProtocolService<A, string>
) => Effect.Effect<unknown, ConnectionError.ConnectionError, Scope.Scope>

/** Opens a connection whose values are read by then; what is not understood, as the end of a feed, is handed over by its head. */
export const receive = <S extends Schema.ConstraintDecoder<unknown>>(
  url: string,
  incoming: S,
  outgoing: Schema.ConstraintEncoder<unknown>,
  read: Read<S["Type"]>,
  onInvalid: (head: string) => void
): Promise<Client> => {
  const scope = Scope.makeUnsafe()
  return Effect.runPromise(
    Effect.gen(function*() {
      const protocol = yield* NodeProtocol.make({
        codec: Codec.json,
        incoming,
        outgoing,
        onInvalid: ({ head }) => Effect.sync(() => onInvalid(head))
      }, { url })
      yield* read(protocol)
      yield* untilOpen(protocol.connection)
      return {
        // The server of the bench is told in plain words.
        send: (message) => Effect.runPromise(protocol.connection.send(message)),
        sendAll: () => Promise.reject(new Error("not used")),
        close: () => Effect.runPromise(Scope.close(scope, Exit.void))
      } satisfies Client
    }).pipe(Scope.provide(scope))
  )
}

/** Through the Stream of batches. */
export const messages = <A>(onValue: (value: A) => void): Read<A> => (protocol) =>
  Stream.runForEachArray(protocol.messages, (batch) =>
    Effect.sync(() => {
      for (let i = 0; i < batch.length; i++) onValue(batch[i]!)
    })).pipe(Effect.forkScoped({ startImmediately: true }))

/** Inside the socket's callback. */
export const listen = <A>(onValue: (value: A) => void): Read<A> => (protocol) => protocol.listen(onValue)
