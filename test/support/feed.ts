// A small protocol, for the tests of everything that is built of one.
import * as Schema from "effect/Schema"
import * as Codec from "../../src/Codec.ts"
import * as Protocol from "../../src/Protocol.ts"

export const Price = Schema.Struct({ symbol: Schema.String, price: Schema.Number })
export type Price = typeof Price.Type

export const Follow = Schema.Struct({ op: Schema.Literal("follow"), symbol: Schema.String })

/** What the peer sends. */
export const price = (n: number): string => JSON.stringify({ symbol: "KELP", price: n })

/** A price that is none. */
export const noPrice = JSON.stringify({ symbol: "KELP", price: "dear" })

export const feed = { codec: Codec.json, incoming: Price, outgoing: Follow } as const

export class Feed extends Protocol.Service<Feed>()("app/Feed", feed) {}
