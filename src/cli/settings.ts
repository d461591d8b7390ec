/**
 * The flags that every command takes.
 */
import * as Flag from "effect/cli/Flag"
import * as GlobalFlag from "effect/cli/GlobalFlag"
import { toggle } from "./toggle.ts"

/** `--json`. */
export const Json = GlobalFlag.Setting("json")({
  flag: toggle("json", "NDJSON on stdout and stderr, for programs")
})

/** `--quiet`. */
export const Quiet = GlobalFlag.Setting("quiet")({
  flag: toggle("quiet", "Only warnings and errors on stderr").pipe(Flag.withAlias("q"))
})

/** `--verbose`. */
export const Verbose = GlobalFlag.Setting("verbose")({
  flag: toggle("verbose", "Everything that happens, on stderr")
})

/** `--no-color`. */
export const Colour = GlobalFlag.Setting("color")({
  flag: Flag.Boolean("color").pipe(
    Flag.withDescription("Colours on a terminal; --no-color, or NO_COLOR in the environment, for none"),
    Flag.withDefault(true)
  )
})
