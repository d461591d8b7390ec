/**
 * Whether a daemon runs, as the Linux Standard Base tells it of services.
 */
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import type { ChildProcessSpawner } from "effect/process/ChildProcessSpawner"
import { type CliFailure, failure } from "../failure.ts"
import { ask } from "./controlClient.ts"
import type { Candidate } from "./daemons.ts"
import * as identity from "./identity.ts"
import * as lastEnd from "./lastEnd.ts"
import type { DaemonReport } from "./protocol.ts"

/** How a daemon is. `dead` has left a pidfile, or word of why it ended. */
export type Condition =
  | { readonly _tag: "running"; readonly name: string; readonly report: DaemonReport }
  | {
    readonly _tag: "dead"
    readonly name: string
    readonly pid: number | undefined
    readonly last: lastEnd.LastEnd | undefined
  }
  | { readonly _tag: "stopped"; readonly name: string }
  | { readonly _tag: "unknown"; readonly name: string; readonly message: string }

/** How long a daemon may take to answer, milliseconds. */
const patience = 5000

/** Asks, and looks at what was left where nobody answers. */
export const conditionOf = (
  { pidFile, place }: Candidate
): Effect.Effect<Condition, never, FileSystem.FileSystem | ChildProcessSpawner> =>
  Effect.gen(function*() {
    const { name } = place
    const asked = yield* Effect.result(ask(place, { _tag: "Status" }, patience))
    if (asked._tag === "Success") return { _tag: "running", name, report: asked.success }
    const { exit, message } = asked.failure
    if (exit !== "notRunning") return { _tag: "unknown", name, message }
    const owner = typeof pidFile === "object" ? pidFile : undefined
    if (owner !== undefined && (yield* identity.isAlive(owner))) {
      return { _tag: "unknown", name, message: `Process ${owner.pid} runs, but does not answer at ${place.socket}.` }
    }
    const last = yield* lastEnd.read(place.lastEnd)
    return pidFile === undefined && last === undefined
      ? { _tag: "stopped", name }
      : { _tag: "dead", name, pid: owner?.pid, last }
  })

/** What `status` fails with; nothing where it runs. */
export const failureOf = (condition: Condition): CliFailure | undefined => {
  const { name } = condition
  switch (condition._tag) {
    case "running":
      return undefined
    case "dead":
      return failure(
        "failure",
        condition.last?.message ??
          `"${name}" is dead: it left a pidfile${
            condition.pid === undefined ? "" : `, but process ${condition.pid} is gone`
          }.`,
        condition.last?.end.advice ?? `holdfast start runs it again; holdfast stop ${name} forgets it.`
      )
    case "stopped":
      return failure("stopped", `"${name}" is not running.`)
    case "unknown":
      return failure(
        "unknown",
        `How "${name}" is cannot be told. ${condition.message}`,
        `holdfast stop --force ${name} ends it.`
      )
  }
}

/** As data. */
export const recordOf = (condition: Condition): object => {
  switch (condition._tag) {
    case "running":
      return condition.report
    case "dead":
      return { name: condition.name, state: "dead", pid: condition.pid, ...condition.last }
    default: {
      const { _tag, ...rest } = condition
      return { ...rest, state: _tag }
    }
  }
}
