/**
 * Flags that are there or are not.
 */
import * as Flag from "effect/cli/Flag"

/** A switch that is off by default, without a `--no-` form of its own. */
export const toggle = (name: string, description: string): Flag.Flag<boolean> =>
  Flag.Boolean(name).pipe(Flag.withoutNegation, Flag.withDefault(false), Flag.withDescription(description))
