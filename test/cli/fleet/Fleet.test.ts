import { describe, expect, it } from "vitest"
import { UnknownConnection } from "../../../src/cli/fleet/Fleet.ts"

describe("an unknown connection", () => {
  it("names those that are known", () => {
    expect(new UnknownConnection({ name: "food", known: ["feed", "chat"] }).message).toBe(
      `There is no connection "food". There are: feed, chat.`
    )
    expect(new UnknownConnection({ name: "food", known: [] }).message).toBe(
      `There is no connection "food"; there is none at all.`
    )
  })
})
