/**
 * The output of the running command, and Effect's own log messages as notes of
 * it: the library warns through them.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as References from "effect/References"
import { make, Output } from "./output.ts"
import { Colour, Json, Quiet, Verbose } from "./settings.ts"

let output: Output["Service"] | undefined

/** The output that the flags asked for; before they are known, plain text for people. */
export const current: Effect.Effect<Output["Service"]> = Effect.sync(() =>
  output ??= toProcess({ json: process.argv.includes("--json"), level: "info", colours: "auto" })
)

const toProcess = (options: Pick<Parameters<typeof make>[0], "json" | "level" | "colours">): Output["Service"] =>
  make({ ...options, stdout: process.stdout, stderr: process.stderr })

/** The output, as the command's flags want it. */
export const layerOutput = Layer.effect(
  Output,
  Effect.gen(function*() {
    const json = yield* Json
    const quiet = yield* Quiet
    const verbose = yield* Verbose
    const colour = yield* Colour
    return output = toProcess({
      json,
      level: quiet ? "warn" : verbose ? "debug" : "info",
      colours: colour ? "auto" : "never"
    })
  })
)

const logger = Logger.make(({ fiber, logLevel, message }) => {
  const annotations = fiber.getRef(References.CurrentLogAnnotations)
  const level = logLevel === "Fatal" || logLevel === "Error"
    ? "error"
    : logLevel === "Warn"
    ? "warn"
    : logLevel === "Info"
    ? "info"
    : "debug"
  const text = (Array.isArray(message) ? message : [message])
    .map((part) => typeof part === "string" ? part : JSON.stringify(part)).join(" ")
  Effect.runSync(Effect.flatMap(current, (output) => output.note(level, "log", text, annotations)))
})

/** Effect's log messages become notes. */
export const layer: Layer.Layer<never> = Layer.merge(
  Logger.layer([logger]),
  Layer.succeed(References.MinimumLogLevel)("Debug")
)
