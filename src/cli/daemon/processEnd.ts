/**
 * What the end of a worker means: in words, and for what comes next.
 */
import { exitCodes, type ExitName } from "../exitCodes.ts"
import { CliFailure } from "../failure.ts"
import type { ProcessEnd } from "./protocol.ts"

/** How it ended. */
export interface Ended {
  readonly at: string
  /** None, and no signal either, where it could not be started. */
  readonly code: number | null
  readonly signal: string | null
  /** The last lines of its stderr. */
  readonly stderr: ReadonlyArray<string>
}

/** In words: its own, where it could still say something. */
export const describeEnd = ({ at, code, signal, stderr }: Ended): ProcessEnd => {
  const said = lastWords(stderr)
  const memory = stderr.some((line) => line.includes("heap out of memory"))
  return {
    at,
    message: memory
      ? "The worker ran out of memory."
      : signal !== null
      ? `The worker was killed by ${signal}.`
      : code === null
      ? `The worker could not be started: ${stderr.at(-1) ?? "the system did not say why"}.`
      : said?.message ?? `The worker ended with code ${code}.`,
    code: code ?? undefined,
    signal: signal ?? undefined,
    exit: signal !== null ? undefined : said?.exit,
    reason: signal !== null ? undefined : said?.reason,
    advice: memory
      ? "Give it more with NODE_OPTIONS=--max-old-space-size=MEGABYTES, or keep fewer messages in its queues."
      : signal === "SIGKILL"
      ? "Somebody killed it, or the system did because memory ran out (dmesg tells)."
      : said?.advice,
    stderr: [...stderr]
  }
}

interface LastWords {
  readonly message: string
  readonly exit?: string
  readonly reason?: string
  readonly advice?: string
}

/** What the command itself says last where it fails: a note of the event `failed` or `defect`. */
const lastWords = (
  stderr: ReadonlyArray<string>
): LastWords | undefined => {
  for (const line of stderr.toReversed()) {
    const note = parse(line)
    if (note?.["event"] !== "failed" && note?.["event"] !== "defect") continue
    const { advice, exit, message, reason } = note
    return {
      message: String(message),
      ...(typeof exit === "string" ? { exit } : {}),
      ...(typeof reason === "string" ? { reason } : {}),
      ...(typeof advice === "string" ? { advice } : {})
    }
  }
  return undefined
}

/** The object of a line, where it is one. */
export const parse = (line: string): { readonly [name: string]: unknown } | undefined => {
  if (!line.startsWith("{")) return undefined
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === "object" && value !== null ? { ...value } : undefined
  } catch {
    return undefined
  }
}

/**
 * Whether it is to be started again: where a signal or a defect ended it, and
 * not where it ended because it had nothing left to do. Of a config that is wrong
 * it depends: one that was right before may be in the middle of being written.
 */
export const isCrash = ({ code, signal }: ProcessEnd, wasRunning: boolean): boolean => {
  if (signal !== undefined) return true
  if (code === exitCodes.config) return wasRunning
  return code === undefined || !own.has(code)
}

const own: ReadonlySet<number> = new Set(Object.values(exitCodes).filter((code) => code !== exitCodes.failure))

/** The end as a failure, for who waits for the start. */
export const failureOfEnd = ({ advice, exit, message, reason }: ProcessEnd): CliFailure =>
  new CliFailure({ exit: isExitName(exit) ? exit : "failure", message, advice, reason })

const isExitName = (name: string | undefined): name is ExitName => name !== undefined && name in exitCodes
