import { assert, describe, it } from "vitest"
import { Topic, type TopicOwner } from "../../src/internal/topic.ts"

const owner: TopicOwner<string, string, string> = {
  onOpened: () => {},
  onOpenFailed: () => {},
  onRefused: () => {},
  onUnconfirmed: () => {}
}

describe("a topic", () => {
  it("says a message as it is, or makes it afresh each time", () => {
    let made = 0
    const plain = new Topic("a", { open: "open" }, owner)
    const fresh = new Topic("a", { open: () => `open ${++made}`, close: "close" }, owner)
    assert.deepStrictEqual([plain.open(), fresh.open(), fresh.open()], ["open", "open 1", "open 2"])
    assert.deepStrictEqual([plain.close, fresh.close?.()], [undefined, "close"])
  })
})
