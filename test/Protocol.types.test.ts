// What the types of a protocol refuse, and what they infer.
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as SchemaGetter from "effect/SchemaGetter"
import type { Scope } from "effect/Scope"
import { describe, expectTypeOf, it } from "vitest"
import * as Codec from "../src/Codec.ts"
import type { Connection } from "../src/Connection.ts"
import * as Protocol from "../src/Protocol.ts"
import { Feed, feed, Follow, Price } from "./support/feed.ts"

class Rates extends Context.Service<Rates, { readonly of: (symbol: string) => number }>()("test/Rates") {}

const plain = SchemaGetter.transform((text: string) => text)
const looksUp = SchemaGetter.transformEffect((text: string) => Rates.useSync((rates) => `${text}${rates.of(text)}`))
const decoding = Schema.String.pipe(Schema.decodeTo(Schema.String, { decode: looksUp, encode: plain }))
const encoding = Schema.String.pipe(Schema.decodeTo(Schema.String, { decode: plain, encode: looksUp }))

describe("the types", () => {
  it("are those of the schemas", () => {
    expectTypeOf<typeof Feed["Service"]>().toEqualTypeOf<
      Protocol.ProtocolService<typeof Price.Type, typeof Follow.Type>
    >()
    expectTypeOf(Feed.layer).toEqualTypeOf<Layer.Layer<Feed, never, Connection>>()
    expectTypeOf(Protocol.make(feed)).branded.toEqualTypeOf<
      Effect.Effect<
        Protocol.ProtocolService<typeof Price.Type, typeof Follow.Type>,
        never,
        Connection | Scope
      >
    >()
  })

  it("ask for what onInvalid needs", () => {
    const onInvalid = () => Rates.useSync((rates) => rates.of("KELP"))
    class Needing extends Protocol.Service<Needing>()("test/Needing", { ...feed, onInvalid }) {}
    expectTypeOf(Needing.layer).toEqualTypeOf<Layer.Layer<Needing, never, Connection | Rates>>()
  })

  it("refuse a schema whose decoding needs a service, and take one whose encoding alone does", () => {
    // @ts-expect-error decoding needs `Rates`
    void Protocol.make({ codec: Codec.json, incoming: decoding, outgoing: Follow })
    void Protocol.make({ codec: Codec.json, incoming: encoding, outgoing: Follow })
  })

  it("refuse a schema whose encoding needs a service, and take one whose decoding alone does", () => {
    // @ts-expect-error encoding needs `Rates`
    void Protocol.make({ codec: Codec.json, incoming: Price, outgoing: encoding })
    void Protocol.make({ codec: Codec.json, incoming: Price, outgoing: decoding })
  })

  it("refuse what is no way to deal with invalid messages", () => {
    // @ts-expect-error no such word
    void Protocol.make({ ...feed, onInvalid: "throw" })
    // @ts-expect-error no effect
    void Protocol.make({ ...feed, onInvalid: () => "logged" })
  })
})
