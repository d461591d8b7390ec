// Runs one drawn program after the other, until one of them fails.
import { draw } from "./draw.ts"
import { print } from "./program.ts"
import { shrink, type Shrunken } from "./shrink.ts"
import { run } from "./simulation.ts"

export interface Found extends Shrunken {
  /** Draws the program that failed, before it was made smaller. */
  readonly seed: number
  /** How many programs had run, this one included. */
  readonly runs: number
}

export interface Exploration {
  /** Of the first program; the next ones follow. */
  readonly seed: number
  readonly runs: number
  /** From one seed to the next. */
  readonly stride?: number
  /** Whether a program that fails is left as it is. */
  readonly asDrawn?: boolean
  readonly onRun?: (runs: number) => void
}

/** The first failure, shrunken; undefined where every program kept every promise. */
export const explore = ({ asDrawn = false, onRun, runs, seed, stride = 1 }: Exploration): Found | undefined => {
  for (let i = 0; i < runs; i++) {
    const program = draw(seed + i * stride)
    const failure = run(program)
    if (failure !== undefined) {
      const shown = asDrawn ? { program, failure } : shrink(program, failure)
      return { ...shown, seed: program.seed, runs: i + 1 }
    }
    onRun?.(i + 1)
  }
  return undefined
}

/** For people: what was violated, how to see it again, and the smallest program that shows it. */
export const report = ({ failure, program, seed }: Found): string =>
  [
    `Violated: ${failure.invariant}`,
    `at step ${failure.step}${
      failure.step > program.steps.length ? " (the end of the scope)" : ""
    }: ${failure.sentence}`,
    "",
    `npm run simulate -- --seed ${seed} --runs 1`,
    "",
    print(program)
  ].join("\n")
