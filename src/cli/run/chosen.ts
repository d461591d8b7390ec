/**
 * Which of the connections of a config are wanted.
 */
import * as Effect from "effect/Effect"
import type { ConnectionPlan, RunConfig } from "../config/RunConfig.ts"
import { suggest } from "../config/suggestion.ts"
import { type CliFailure, failure } from "../failure.ts"

/** All of them, or those of these names. */
export const chosen = (
  { file, plans }: RunConfig,
  names: ReadonlyArray<string> | undefined
): Effect.Effect<ReadonlyArray<ConnectionPlan>, CliFailure> => {
  if (names === undefined || names.length === 0) return Effect.succeed(plans)
  const known = plans.map(({ name }) => name)
  const unknown = names.find((name) => !known.includes(name))
  return unknown === undefined
    ? Effect.succeed(plans.filter(({ name }) => names.includes(name)))
    : Effect.fail(failure("usage", `${file} has no connection "${unknown}"; ${suggest(unknown, known)}`))
}
