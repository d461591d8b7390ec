import { assert, describe, it } from "@effect/vitest"
import { Unread } from "../../src/internal/unread.ts"

const keep = (unread: Unread, ...messages: ReadonlyArray<string>): void => {
  for (const message of messages) unread.keep(message, message.length)
}

describe("Unread", () => {
  it("keeps messages in order, with their weight", () => {
    const unread = new Unread()
    keep(unread, "a", "", "ccc")
    assert.deepStrictEqual(unread.all, ["a", "", "ccc"])
    assert.strictEqual(unread.length, 3)
    // The empty one takes room too.
    assert.strictEqual(unread.bytes, 5)
  })

  it("drops the oldest, and says how large it was", () => {
    const unread = new Unread()
    keep(unread, "", "bb", "ccc")
    assert.deepStrictEqual([unread.dropOldest(), unread.dropOldest()], [0, 2])
    assert.deepStrictEqual(unread.all, ["ccc"])
    assert.strictEqual(unread.bytes, 3)
  })

  it("tells this session's messages from those of earlier ones, whatever was dropped", () => {
    const unread = new Unread()
    keep(unread, "a", "b")
    assert.deepStrictEqual(unread.ofThisSession, ["a", "b"])
    unread.newSession()
    keep(unread, "c", "d")
    unread.dropOldest()
    assert.deepStrictEqual(unread.ofEarlierSessions, ["b"])
    assert.deepStrictEqual(unread.ofThisSession, ["c", "d"])
    unread.dropOldest()
    unread.dropOldest()
    assert.deepStrictEqual(unread.ofEarlierSessions, [])
    assert.deepStrictEqual(unread.ofThisSession, ["d"])
    unread.newSession()
    assert.deepStrictEqual(unread.ofEarlierSessions, ["d"])
  })

  it("takes no more room than what it keeps asks for, however much passes through", () => {
    const unread = new Unread()
    unread.newSession()
    for (let i = 0; i < 10_000; i++) {
      keep(unread, String(i))
      if (unread.length > 5) unread.dropOldest()
    }
    assert.deepStrictEqual(unread.all, ["9995", "9996", "9997", "9998", "9999"])
    assert.strictEqual(unread.bytes, 20)
    assert.isBelow((unread as unknown as { messages: ReadonlyArray<string> }).messages.length, 3000)
  })
})
