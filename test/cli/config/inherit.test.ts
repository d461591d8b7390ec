import { describe, expect, it } from "vitest"
import { fill, members } from "../../../src/cli/config/inherit.ts"

describe("defaults", () => {
  it("are inherited key by key, and what is no group is replaced", () => {
    const { members: [feed] } = members(
      { headers: { a: "1", b: "1" }, to: ["stdout"], reconnect: { cap: "1 s", first: "1 s" }, timeout: "1 s" },
      { feed: { url: "ws://x", headers: { b: "2", c: "2" }, to: [], reconnect: { first: "2 s" } } }
    )
    expect(feed?.keys).toEqual({
      url: "ws://x",
      headers: { a: "1", b: "2", c: "2" },
      to: [],
      reconnect: { cap: "1 s", first: "2 s" },
      timeout: "1 s"
    })
  })

  it("give way as a whole where half of each would be neither", () => {
    const { members: [feed] } = members(
      { heartbeat: { idle: "1 m" }, auth: { bearer: "x" }, greet: ["a"] },
      { feed: { heartbeat: { interval: "1 s" }, auth: { username: "u" }, greet: { send: ["b"] } } }
    )
    expect(feed?.keys).toEqual({ heartbeat: { interval: "1 s" }, auth: { username: "u" }, greet: { send: ["b"] } })
  })

  it("can be switched off", () => {
    const { members: [feed] } = members({ reconnect: { cap: "1 s" } }, { feed: { reconnect: false } })
    expect(feed?.keys.reconnect).toBe(false)
  })
})

describe("many alike", () => {
  it("are counted", () => {
    const all = members({}, { feed: { count: 3, url: "ws://x/{n}", greet: [`{"op":"{other}"}`] } }).members
    expect(all.map(({ name, keys: { url } }) => [name, url])).toEqual([
      ["feed-1", "ws://x/1"],
      ["feed-2", "ws://x/2"],
      ["feed-3", "ws://x/3"]
    ])
    expect(all[0]?.keys.greet).toEqual([`{"op":"{other}"}`])
  })

  it("are listed", () => {
    const all = members({}, { feed: { each: ["btc/usd", "eth"], url: "ws://x/{each}?{n}" } }).members
    expect(all.map(({ name, keys: { url } }) => [name, url])).toEqual([
      ["feed-btc_usd", "ws://x/btc/usd?1"],
      ["feed-eth", "ws://x/eth?2"]
    ])
  })

  it("must not meet another of the same name", () => {
    const { problems } = members({}, {
      "a-1": {},
      a: { count: 1 },
      b: { each: ["x", "x"] },
      c: { count: 1, each: ["x"] }
    })
    expect(problems.map(({ sentence }) => sentence)).toEqual([
      `makes a connection "a-1", and so does connections.a-1; rename one of them`,
      `makes two connections of the name "b-x"`,
      "cannot stand beside count; take one of them"
    ])
  })
})

describe("names", () => {
  it("are of letters, digits, dots, dashes and underscores", () => {
    const { problems } = members({}, { "a b": {}, "../x": {}, "a.b_c-1": {} })
    expect(problems.map(({ path }) => path[1])).toEqual(["a b", "../x"])
  })

  it("fill what is to be filled and nothing else", () => {
    expect(fill(["{name}.log", "{ name }", 3, { a: "{x}" }], { name: "feed" })).toEqual(["feed.log", "{ name }", 3, {
      a: "{x}"
    }])
  })
})
