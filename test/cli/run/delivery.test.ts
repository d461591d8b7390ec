import { describe, expect, it } from "vitest"
import { bodyOf, linesOf, weightOf } from "../../../src/cli/run/delivery.ts"
import { deliveries } from "../../support/workbench.ts"

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString("latin1")

describe("messages", () => {
  it("are written as they are, one a line", () => {
    expect(text(linesOf(deliveries("a", "b"), "raw"))).toBe("a\nb\n")
    expect(text(linesOf(deliveries("a", new Uint8Array([0xff, 0])), "raw"))).toBe("a\n\xff\0\n")
  })

  it("are written with what is known of them", () => {
    const [one, two] = deliveries("a\nb", new Uint8Array([0, 1]))
    expect(text(linesOf([one!, { ...two!, session: undefined }], "ndjson"))).toBe(
      `{"connection":"feed","at":"2026-01-01T00:00:00.000Z","session":3,"text":"a\\nb"}\n` +
        `{"connection":"feed","at":"2026-01-01T00:00:00.000Z","base64":"AAE="}\n`
    )
  })

  it("are sent on as they are, or as text", () => {
    const bytes = new Uint8Array([0, 1])
    expect(bodyOf(deliveries(bytes)[0]!, "raw")).toBe(bytes)
    expect(bodyOf(deliveries("a")[0]!, "ndjson")).toContain(`"text":"a"`)
  })

  it("weigh about what they take in memory", () => {
    expect(deliveries("x".repeat(1000), new Uint8Array(1000)).map(weightOf)).toEqual([2128, 1128])
  })
})
