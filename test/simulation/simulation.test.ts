import { execFile } from "node:child_process"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { promisify } from "node:util"
import { describe, expect, it } from "vitest"
import { draw } from "../../simulation/draw.ts"
import { explore, report } from "../../simulation/explore.ts"
import { hunt } from "../../simulation/mutants/hunt.ts"
import { mutants } from "../../simulation/mutants/list.ts"
import { print } from "../../simulation/program.ts"
import { shrink } from "../../simulation/shrink.ts"
import { run } from "../../simulation/simulation.ts"

const execute = promisify(execFile)

/** In a process of its own, where nothing watches every timer; what it prints is asserted, so that a failure shows it. */
const simulate = async (seeds: ReadonlyArray<number>): Promise<string> => {
  const main = join(import.meta.dirname, "../../simulation/main.ts")
  // One thread: what is compiled for one seed serves the other.
  const of = seeds.flatMap((seed) => ["--seed", String(seed)])
  const args = ["--no-warnings", main, ...of, "--runs", "1000", "--threads", "1"]
  const { stdout } = await execute(process.execPath, args).catch((failed: { readonly stdout: string }) => failed)
  return stdout
}

describe("the simulation", () => {
  it("keeps every promise in the programs of a fixed and of a fresh seed", async () => {
    const told = await simulate([1, 2_000 + Math.floor(Math.random() * 1e9)])
    expect(told).toMatch(/^seed 1 and \d+, 1000 runs\n(\d+ of 2000\n)*no violation in 2000 runs/)
  }, 300_000)

  it("runs in this process too", () => {
    expect(explore({ seed: 5_000, runs: 5 })).toBeUndefined()
  }, 60_000)

  it("draws the same program from the same seed, and another from another", () => {
    expect(print(draw(7))).toBe(print(draw(7)))
    expect(print(draw(7))).not.toBe(print({ ...draw(8), seed: 7 }))
  })

  it("says what is violated, at which step and how to see it again", () => {
    const program = draw(1)
    const failure = { invariant: "dials are bounded", sentence: "two at once", step: 1 }
    expect(report({ program, failure, seed: 1, runs: 1 })).toMatch(
      /^Violated: dials are bounded\nat step 1: two at once\n\nnpm run simulate -- --seed 1 --runs 1\n\nseed 1\n/
    )
  })

  it("leaves a program as it is where it does not fail again", () => {
    const program = draw(1)
    const failure = { invariant: "dials are bounded", sentence: "two at once", step: 1 }
    expect(run(program)).toBeUndefined()
    expect(shrink(program, failure).program).toEqual(program)
  })
})

describe("a mutant", () => {
  it("is one place of the sources, each of them", () => {
    const elsewhere = mutants.filter(({ file, from }) =>
      readFileSync(join(import.meta.dirname, "../..", file), "utf8").split(from).length !== 2
    )
    expect(elsewhere.map(({ name }) => name)).toEqual([])
  })

  it("is noticed", () => {
    const mutant = mutants.find(({ name }) => name === "a new round trip is a transition")!
    expect(hunt(mutant, 1, 50).invariant).toBe(mutant.breaks)
  }, 120_000)

  it("that does not apply any more is refused", () => {
    const mutant = { ...mutants[0]!, from: "nowhere to be found" }
    expect(() => hunt(mutant, 1, 1)).toThrow("is found 0 times in src/internal/closingHandshake.ts")
  })
})
