/**
 * The flags that every command takes.
 */
import * as Flag from "effect/cli/Flag"
import * as GlobalFlag from "effect/cli/GlobalFlag"

/** `--json`. */
export const Json = GlobalFlag.Setting("json")({
  flag: Flag.Boolean("json").pipe(
    Flag.withDescription("NDJSON on stdout and stderr, for programs"),
    Flag.withDefault(false)
  )
})

/** `--quiet`. */
export const Quiet = GlobalFlag.Setting("quiet")({
  flag: Flag.Boolean("quiet").pipe(
    Flag.withAlias("q"),
    Flag.withDescription("Only warnings and errors on stderr"),
    Flag.withDefault(false)
  )
})

/** `--verbose`. */
export const Verbose = GlobalFlag.Setting("verbose")({
  flag: Flag.Boolean("verbose").pipe(
    Flag.withDescription("Everything that happens, on stderr"),
    Flag.withDefault(false)
  )
})

/** `--no-color`. */
export const Colour = GlobalFlag.Setting("color")({
  flag: Flag.Boolean("color").pipe(
    Flag.withDescription("Colours on a terminal; --no-color, or NO_COLOR in the environment, for none"),
    Flag.withDefault(true)
  )
})
