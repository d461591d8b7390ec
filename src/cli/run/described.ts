/**
 * A config as it was understood, for people and programs, secrets hidden.
 */
import * as Effect from "effect/Effect"
import type { ConnectionPlan, RunConfig } from "../config/RunConfig.ts"
import type { CliFailure } from "../failure.ts"
import { plural } from "../inWords.ts"
import { Output } from "../output.ts"

/** Prints it: a line for each connection, and one for each of its keys. */
export const describe = Effect.fnUntraced(function*(
  { file, name, settings }: RunConfig,
  plans: ReadonlyArray<ConnectionPlan>
): Effect.fn.Return<void, CliFailure, Output> {
  const output = yield* Output
  for (const plan of plans) {
    const record = { connection: plan.name, ...plan.understood }
    yield* output.data(
      [plan.name, ...Object.entries(plan.understood).map(([key, value]) => `  ${key}: ${text(value)}`)].join("\n"),
      record
    )
  }
  const http = settings.http === undefined ? "" : `, a page at ${settings.http.host}:${settings.http.port}`
  const count = plural(plans.length, "connection")
  yield* output.note("info", "checked", `${file} is right: ${name}, ${count}${http}.`, { file, name })
})

const text = (value: unknown): string => typeof value === "string" ? value : JSON.stringify(value)
