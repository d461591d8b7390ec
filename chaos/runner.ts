// Runs one row in a scope of its own, and looks for what it left behind.
import { Cause, Duration, Effect, Exit } from "effect"
import { readdirSync } from "node:fs"
import { leaksFromNowOn } from "../test/setup/leaks.ts"
import { audit } from "./feed/books.ts"
import type { Row, Seen } from "./row.ts"

export type Outcome =
  | { readonly _tag: "held"; readonly seen: Seen; readonly took: number }
  | { readonly _tag: "broken"; readonly problem: string; readonly took: number }
  | { readonly _tag: "skipped" }

const patience = Duration.seconds(60)

export const unheard: Array<string> = []

/** Errors that nobody handled are the fault of the row that runs. */
export const listenForUnheard = (): void => {
  process.on("unhandledRejection", (reason) => unheard.push(`an unhandled rejection: ${String(reason)}`))
  process.on("uncaughtException", (error) => unheard.push(`an uncaught error: ${String(error)}`))
}

/** This process's open descriptors; none are counted where there is no /proc. */
export const descriptors = (): number => {
  try {
    return readdirSync("/proc/self/fd").length
  } catch {
    return 0
  }
}

/** What was left behind after the scope closed, once what is on its way out had two seconds to leave. */
export const leftBehind = (look: () => ReadonlyArray<string>): Effect.Effect<ReadonlyArray<string>> =>
  Effect.gen(function*() {
    for (let turn = 0; turn < 100 && look().length > 0; turn++) yield* Effect.sleep("20 millis")
    return look()
  })

export const runRow = (row: Row): Effect.Effect<Outcome> =>
  Effect.gen(function*() {
    // What keeps the process alive while fibers wait is started with the first that waits.
    yield* Effect.sleep("1 millis")
    const begun = performance.now()
    const before = descriptors()
    const leaks = leaksFromNowOn()
    const exit = yield* Effect.exit(
      Effect.scoped(row.run).pipe(
        Effect.timeoutOrElse({
          duration: patience,
          orElse: () => Effect.die(new Error("it was not over within a minute"))
        })
      )
    )
    const left = yield* leftBehind(() => {
      const more = descriptors() - before
      return [...leaks(), ...(more > 0 ? [`${more} descriptors`] : [])]
    })
    const took = performance.now() - begun
    const problems = [
      ...(Exit.isFailure(exit) ? [Cause.prettyErrors(exit.cause).map(({ message }) => message).join("; ")] : []),
      ...(left.length > 0 ? [`left behind: ${left.slice(0, 3).join("; ")}`] : []),
      // Whatever the row is about.
      ...audit(),
      ...unheard.splice(0)
    ]
    return Exit.isSuccess(exit) && problems.length === 0
      ? { _tag: "held", seen: exit.value, took }
      : { _tag: "broken", problem: problems.join("; "), took }
  })
