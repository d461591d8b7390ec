// A protocol of plain JSON over the in-memory network: whatever is said is understood.
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Codec from "../../src/Codec.ts"
import * as Protocol from "../../src/Protocol.ts"
import type { TestPeer } from "../../src/testing/TestServer.ts"
import { connect, settle, type Setup } from "./connect.ts"

export interface Said {
  readonly id?: Requestable
  readonly op?: string
  readonly key?: string
  readonly keys?: ReadonlyArray<string>
  readonly n?: number
}

export type Requestable = string | number | boolean | null

// Nothing is checked here: what is tested is what happens to the values.
const Saying = Schema.Unknown as Schema.Schema<Said> & typeof Schema.Unknown

export type Talk = Protocol.ProtocolService<Said, Said>

/** A connection to a new in-memory server, and a protocol over it. */
export const converse = (setup: Setup = {}) =>
  Effect.gen(function*() {
    const { connection, server } = yield* connect(setup)
    const protocol = yield* Protocol.over(connection, { codec: Codec.json, incoming: Saying, outgoing: Saying })
    return { connection, server, protocol }
  })

/** What the peer says. */
export const say = (peer: TestPeer, ...all: ReadonlyArray<Said>): Effect.Effect<void> =>
  Effect.andThen(Effect.forEach(all, (said) => peer.send(JSON.stringify(said)), { discard: true }), settle)

/** What a peer was told so far, in words. */
export const heard = (peer: TestPeer): Effect.Effect<ReadonlyArray<string>> =>
  Effect.andThen(
    settle,
    Effect.map(peer.received, (received) =>
      received.map((message) => {
        const { id, key, op }: Said = JSON.parse(String(message))
        return [op, key, id].filter((word) => word !== undefined).join(" ")
      }))
  )
