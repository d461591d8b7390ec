// Runs the simulation on a copy of the sources in which one thing is broken.
import { spawnSync } from "node:child_process"
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import type { Mutant } from "./list.ts"

const root = dirname(dirname(import.meta.dirname))
/** What the simulation is made of. */
const parts = ["src", "simulation", "test/setup", "test/support", "package.json"]

export interface Catch {
  readonly mutant: Mutant
  /** The invariant that was seen broken; undefined where the mutant survived. */
  readonly invariant: string | undefined
  readonly seed: number
  /** How many runs it took, or how many it survived. */
  readonly runs: number
}

export const hunt = (mutant: Mutant, seed: number, runs: number): Catch => {
  const copy = mkdtempSync(join(tmpdir(), "holdfast-mutant-"))
  try {
    for (const part of parts) cpSync(join(root, part), join(copy, part), { recursive: true })
    symlinkSync(join(root, "node_modules"), join(copy, "node_modules"))
    breakIn(copy, mutant)
    const { status, stderr, stdout } = spawnSync(
      process.execPath,
      ["simulation/main.ts", "--seed", String(seed), "--runs", String(runs), "--threads", "1", "--as-drawn"],
      { cwd: copy, encoding: "utf8", maxBuffer: 2 ** 26 }
    )
    const invariant = /^Violated: (.*)$/m.exec(stdout)?.[1]
    const found = /--seed (\d+) --runs 1$/m.exec(stdout)?.[1]
    if (invariant === undefined && status !== 0) throw new Error(`${mutant.name}: the simulation broke\n${stderr}`)
    return found === undefined
      ? { mutant, invariant, seed, runs }
      : { mutant, invariant, seed: Number(found), runs: Number(found) - seed + 1 }
  } finally {
    rmSync(copy, { recursive: true })
  }
}

const breakIn = (copy: string, { file, from, name, to }: Mutant): void => {
  const path = join(copy, file)
  const text = readFileSync(path, "utf8")
  const places = text.split(from).length - 1
  if (places !== 1) throw new Error(`"${name}": its text is found ${places} times in ${file}, not once`)
  writeFileSync(path, text.replace(from, () => to))
}
