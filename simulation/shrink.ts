// Makes a program that fails as small as it gets while it violates the same invariant.
import type { Chosen, Options, Program, ProgramStep } from "./program.ts"
import { type Failure, run } from "./simulation.ts"

export interface Shrunken {
  readonly program: Program
  readonly failure: Failure
}

/** The plainest options: what differs from them in a shrunken program matters. */
const plain: Options = {
  onAccept: { does: "nothing" },
  start: "eager",
  whileDisconnected: "suspend",
  outboundMark: 262_144,
  rateLimit: "none",
  preludes: [],
  inboundMark: 262_144,
  overflow: "backpressure",
  unread: "keepLatest",
  canPause: true,
  heartbeat: "none",
  pace: { kind: "spaced", ms: 500 },
  resetAfter: 30_000,
  classify: "default",
  greet: "none"
}

export const shrink = (program: Program, failure: Failure): Shrunken => {
  let best: Shrunken = { program: { ...program, steps: program.steps.slice(0, failure.step) }, failure }
  /** Keeps the candidate where it still fails in the same way. */
  const attempt = (candidate: Program): boolean => {
    const found = run(candidate)
    if (found === undefined || found.invariant !== failure.invariant) return false
    best = { program: candidate, failure: found }
    return true
  }
  if (!attempt(best.program)) best = { program, failure }
  let before: number
  do {
    before = best.program.steps.length
    fewerSteps(() => best.program, attempt)
    plainerOptions(() => best.program, attempt)
    plainerSteps(() => best.program, attempt)
  } while (best.program.steps.length < before)
  return best
}

type Attempt = (candidate: Program) => boolean

/** Leaves out halves, then quarters and so on, down to single steps (Zeller's ddmin). */
const fewerSteps = (current: () => Program, attempt: Attempt): void => {
  for (let size = Math.max(1, current().steps.length >> 1); size >= 1; size >>= 1) {
    for (let from = 0; from < current().steps.length;) {
      const program = current()
      const steps = [...program.steps.slice(0, from), ...program.steps.slice(from + size)]
      if (!attempt({ ...program, steps })) from += size
    }
  }
}

const plainerOptions = (current: () => Program, attempt: Attempt): void => {
  for (const [name, value] of Object.entries(plain)) {
    const program = current()
    if (JSON.stringify(program.options[name as keyof Options]) === JSON.stringify(value)) continue
    attempt({ ...program, options: { ...program.options, [name]: value } })
  }
}

const plainerSteps = (current: () => Program, attempt: Attempt): void => {
  for (let i = 0; i < current().steps.length; i++) {
    const put = (change: object) => attempt(withStep(current(), i, { ...current().steps[i]!, ...change }))
    const step = current().steps[i]!
    if (step.atOnce === true) put({ atOnce: false })
    if ("count" in step && step.count > 1) put({ count: 1 })
    if ("bytes" in step && step.bytes > 8) put({ bytes: 8 })
    if ("pace" in step && step.pace > 0) put({ pace: 0 })
    for (const choice of ["expireAfter", "replaceKey"] as const) {
      const { [choice]: chosen, ...rest } = current().steps[i]! as ProgramStep & Chosen
      if (chosen !== undefined) attempt(withStep(current(), i, rest))
    }
  }
}

const withStep = (program: Program, i: number, step: ProgramStep): Program => ({
  ...program,
  steps: program.steps.map((former, at) => at === i ? step : former)
})
