/**
 * Runs the command: from arguments to an exit code.
 */
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Cause from "effect/Cause"
import * as CliConfig from "effect/cli/CliConfig"
import * as CliError from "effect/cli/CliError"
import * as CliOutput from "effect/cli/CliOutput"
import * as Command from "effect/cli/Command"
import * as GlobalFlag from "effect/cli/GlobalFlag"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import { holdfast } from "./command.ts"
import { exitCodes } from "./exitCodes.ts"
import { CliFailure, failure } from "./failure.ts"
import * as log from "./log.ts"
import type { Output } from "./output.ts"
import * as Signals from "./signals.ts"
import { version } from "./version.ts"

/** How long whoever reads our output may take for the rest of it once a signal has ended us, milliseconds. */
const lastWords = 500

/** Runs the command with these arguments, and ends the process with its code. */
export const main = (args: ReadonlyArray<string>): void => {
  let signalled = false
  const onSignal = () => {
    signalled = true
  }
  Effect.runFork(run(args, onSignal)).addObserver((exit) => {
    process.exitCode = Exit.isSuccess(exit) ? exit.value : exitCodes.failure
    // A reader that is stuck would keep us for ever.
    if (signalled) setTimeout(() => process.exit(), lastWords)
    // What is left, such as a stdin that nobody reads any more, must not keep the process.
    flushed(process.stdout, () => flushed(process.stderr, () => process.exit()))
  })
}

/** The exit code of these arguments. Never fails: a defect is told, and is code 1. */
const run = (args: ReadonlyArray<string>, onSignal: () => void): Effect.Effect<number> =>
  Effect.gen(function*() {
    const signals = yield* Signals.Signals
    const told = Effect.map(signals.stop, (signal) => {
      onSignal()
      return { _tag: "Signal" as const, signal }
    })
    const exit = yield* Effect.exit(Effect.raceFirst(Command.runWith(holdfast, { version })(args), told))
    if (Exit.isSuccess(exit)) {
      if (exit.value?._tag !== "Signal" || (yield* signals.isGoodEnd)) return exitCodes.ok
      return exit.value.signal === "SIGINT" ? exitCodes.interrupted : exitCodes.terminated
    }
    return yield* tell(exit.cause)
  }).pipe(Effect.provide(
    Layer.mergeAll(
      Signals.layer,
      NodeServices.layer,
      log.layer,
      CliOutput.layerPresenter(presenter),
      CliConfig.layer({
        builtIns: [GlobalFlag.Help, GlobalFlag.Version, GlobalFlag.Completions]
      })
    )
  ))

/** Says on stderr what went wrong, and gives its code. */
const tell = (cause: Cause.Cause<unknown>): Effect.Effect<number, never, never> =>
  Effect.gen(function*() {
    const output = yield* log.current
    const error = Cause.findErrorOption(cause)
    if (error._tag === "Some") {
      if (error.value instanceof CliFailure) {
        yield* say(output, error.value)
        return error.value.exitCode
      }
      // The presenter has told it.
      if (CliError.isCliError(error.value)) return exitCodes.usage
    }
    yield* output.note("error", "defect", `holdfast failed, and should not have: ${Cause.pretty(cause)}`)
    return exitCodes.failure
  })

const say = (output: Output["Service"], failure: CliFailure): Effect.Effect<void> => {
  // Who has gone is not told that he has.
  if (failure.exit === "brokenPipe") return Effect.void
  const { advice, cause, exit, exitCode, message } = failure
  const reason = cause?.reason._tag ?? failure.reason
  return output.note("error", "failed", advice === undefined || output.json ? message : `${message}\n${advice}`, {
    exit,
    exitCode,
    ...(advice === undefined ? {} : { advice }),
    ...(reason === undefined ? {} : { reason })
  })
}

/** Help that was asked for is data; help for who is lost is not. */
const presenter: CliOutput.Presenter = {
  present: (event) => {
    if (event._tag === "InvalidInvocation") {
      return Effect.gen(function*() {
        const path = event.commandPath.join(" ")
        const output = yield* log.current
        if (output.json) {
          const message = event.errors.map((error) => error.message).join(" ")
          return yield* say(output, failure("usage", message, `See ${path} --help`))
        }
        const formatter = CliOutput.defaultFormatter({ colors: false })
        yield* Console.error(`${formatter.formatErrors(event.errors).trim()}\n\nSee ${path} --help`)
      })
    }
    if (event._tag === "Help" && event.reason === "Implicit") {
      return Console.error(CliOutput.defaultFormatter({ colors: false }).formatHelpDoc(event.helpDoc))
    }
    return CliOutput.defaultPresenter.present(event)
  }
}

const flushed = (stream: NodeJS.WriteStream, then: () => void): void => {
  if (stream.destroyed || stream.writableLength === 0) then()
  else stream.write("", () => then())
}
