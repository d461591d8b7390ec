import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as NodeProtocol from "../../src/node/NodeProtocol.ts"
import { Feed, feed } from "../support/feed.ts"

// Nothing is dialled.
const idle = { url: "ws://127.0.0.1:9/", start: "lazy" } as const

const nameOf = (layer: Layer.Layer<Feed, unknown>) =>
  Effect.map(Layer.build(layer), (context) => Context.get(context, Feed).connection.name)

describe("NodeProtocol.layer", () => {
  it.live("names the connection after the tag, unless it is given a name", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* nameOf(NodeProtocol.layer(Feed, idle)), "app/Feed")
      assert.strictEqual(yield* nameOf(NodeProtocol.layer(Feed, { ...idle, name: undefined })), "app/Feed")
      assert.strictEqual(yield* nameOf(NodeProtocol.layer(Feed, { ...idle, name: "prices" })), "prices")
    }))

  it.live("fails as the connection's layer does", () =>
    Effect.gen(function*() {
      const exit = yield* Effect.exit(nameOf(NodeProtocol.layer(Feed, { url: "ftp://feed.example/" })))
      assert(Exit.isFailure(exit))
      assert.match(Cause.pretty(exit.cause), /invalid url/)
    }))
})

describe("NodeProtocol.make", () => {
  it.live("has a connection of its own", () =>
    Effect.gen(function*() {
      const one = yield* NodeProtocol.make(feed, { ...idle, name: "one" })
      const two = yield* NodeProtocol.make(feed, { ...idle, name: "two" })
      assert.deepStrictEqual([one.name, two.name], ["one", "two"])
      assert.notStrictEqual(one.connection, two.connection)
    }))
})
