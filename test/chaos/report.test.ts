import * as Effect from "effect/Effect"
import { describe, expect, it } from "vitest"
import { document, line, type Outcomes } from "../../chaos/report.ts"
import type { Row } from "../../chaos/row.ts"
import { parts } from "../../chaos/rows/index.ts"

const row = (id: string): Row => ({
  id,
  scenario: "B12",
  title: `What is done in ${id}`,
  needs: ["nft"],
  run: Effect.succeed({ seen: "" })
})

const rows = [row("first"), row("second"), row("third")]
const outcomes: Outcomes = new Map(
  [
    ["first", { _tag: "held", seen: { seen: "HeartbeatTimeout", detected: 812.4, recovered: 2040 }, took: 3000 }],
    ["second", { _tag: "broken", problem: "a | b", took: 100 }],
    ["third", { _tag: "skipped" }]
  ] as const
)

describe("the report of the chaos", () => {
  it("tables each row with what was seen and its times", () => {
    const page = document([{ title: "A cable", with: "Two ends.", rows }], outcomes, ["Node 24"])
    expect(page).toContain("## A cable\n\nTwo ends.\n")
    expect(page).toContain("1 of 3 rows held. Node 24.")
    expect(page).toContain("| B12 | What is done in first | HeartbeatTimeout | 812 ms |  | 2.0 s |")
    expect(page).toContain("| B12 | What is done in second | **did not hold**: a \\| b |  |  |  |")
    expect(page).toContain("| B12 | What is done in third | not run: needs nft |  |  |  |")
  })

  it("tells each row in a line", () => {
    expect(rows.map((one) => line(one, outcomes.get(one.id)!).replaceAll(/\s+/g, " "))).toEqual([
      expect.stringMatching(/held.* 3\.0 s B12 first HeartbeatTimeout; detected 812 ms; recovered 2\.0 s$/),
      expect.stringMatching(/BROKEN.* 0\.1 s B12 second a \| b What is done in second$/),
      expect.stringMatching(/skipped.* B12 third needs nft$/)
    ])
  })
})

describe("the rows", () => {
  const all = parts.flatMap((part) => part.rows)

  it("have names of their own, a scenario each, and a sentence", () => {
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length)
    expect(all.filter(({ scenario, title }) => !/^[A-F]\d+$/.test(scenario) || title.length < 20)).toEqual([])
  })
})
