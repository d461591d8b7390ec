import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import {
  SubscriptionOverflow,
  SubscriptionRefused,
  SubscriptionTimedOut
} from "../../src/internal/subscriptionErrors.ts"

describe("the errors of subscriptions", () => {
  it("name the key, and what to do", () => {
    assert.deepStrictEqual([
      new SubscriptionRefused({ key: "KELP", reply: { code: 403 } }).message,
      new SubscriptionTimedOut({ key: 7, timeout: Duration.seconds(10) }).message,
      new SubscriptionOverflow({ key: "KELP", messages: 1024 }).message
    ], [
      "the subscription to KELP was refused: {\"code\":403}",
      "the subscription to 7 was not confirmed within 10s",
      "a subscriber of KELP is too slow: 1024 messages wait for it; read faster, or choose another `buffer`"
    ])
  })

  it("keep a long reply short", () => {
    const { message } = new SubscriptionRefused({ key: "KELP", reply: "x".repeat(10_000) })
    assert.isBelow(message.length, 300)
  })
})
