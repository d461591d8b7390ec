/**
 * `holdfast status` and `holdfast connections`: how daemons are, once or live.
 */
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import type * as Path from "effect/Path"
import type { ChildProcessSpawner } from "effect/process/ChildProcessSpawner"
import * as Terminal from "effect/Terminal"
import { type CliFailure, failure } from "../failure.ts"
import { Output } from "../output.ts"
import { visibleJson } from "../visible.ts"
import { type Condition, conditionOf, failureOf, recordOf } from "./condition.ts"
import { all, find } from "./daemons.ts"
import { connectionsText, statusText } from "./statusText.ts"

/** What `status` is told. */
export interface StatusInput {
  /** A name or a config; all daemons where it is missing. */
  readonly target: string | undefined
  readonly watch: boolean
  /** Milliseconds between looks. */
  readonly interval: number
  readonly runtimeDir: string | undefined
}

type Needs = FileSystem.FileSystem | Path.Path | ChildProcessSpawner | Output | Terminal.Terminal

/** All about a daemon. */
export const status = (input: StatusInput): Effect.Effect<void, CliFailure, Needs> =>
  look(input, (conditions, { paint }) => ({
    text: conditions.map((condition) => statusText(condition, paint)).join("\n\n"),
    records: conditions.map(recordOf)
  }))

/** A table of connections. */
export const connections = (input: StatusInput): Effect.Effect<void, CliFailure, Needs> =>
  look(input, (conditions, { paint }) => ({
    text: connectionsText(conditions, paint),
    records: conditions.flatMap((condition) =>
      condition._tag === "running"
        ? condition.report.connections.map((connection) => ({ daemon: condition.name, ...connection }))
        : []
    )
  }))

/** What does not fit on the screen would scroll it. */
const rows = Effect.flatMap(Terminal.Terminal, (terminal) => terminal.rows)

interface View {
  readonly text: string
  readonly records: ReadonlyArray<object>
}

const look = (
  { interval, runtimeDir, target, watch }: StatusInput,
  view: (conditions: ReadonlyArray<Condition>, output: Output["Service"]) => View
): Effect.Effect<void, CliFailure, Needs> =>
  Effect.gen(function*() {
    const output = yield* Output
    const now = Effect.gen(function*() {
      const candidates = target === undefined ? yield* all(runtimeDir) : [yield* find(target, runtimeDir)]
      return yield* Effect.forEach(candidates, conditionOf, { concurrency: 8 })
    })
    const show = Effect.gen(function*() {
      const conditions = yield* now
      const { records, text } = view(conditions, output)
      if (output.json) {
        for (const record of records) yield* output.write(`${visibleJson(record)}\n`)
      } else if (watch && output.terminal.stdout) {
        // Home, each line to its end, and the rest of the screen: no flicker, and the scrollback stays.
        const shown = text.split("\n").slice(0, Math.max(1, (yield* rows) - 1)).join("\u001b[K\n")
        yield* output.write(`\u001b[H${shown}\u001b[K\n\u001b[J`)
      } else if (text !== "") {
        yield* output.write(`${text}\n${watch ? "\n" : ""}`)
      }
      return conditions
    })
    if (!watch) return yield* judge(yield* show, target)
    if (output.terminal.stdout && !output.json) yield* output.write("\u001b[2J")
    return yield* Effect.forever(Effect.andThen(show, Effect.sleep(interval)))
  })

/** Of many, the worst: who does not run is told before who runs. */
const judge = (conditions: ReadonlyArray<Condition>, target: string | undefined): Effect.Effect<void, CliFailure> => {
  if (target === undefined && conditions.length === 0) return Effect.fail(failure("stopped", "No daemon is running."))
  const failures = conditions.flatMap((condition) => failureOf(condition) ?? [])
  const worst = failures.find(({ exit }) => exit === "unknown") ?? failures[0]
  return worst === undefined ? Effect.void : Effect.fail(worst)
}
