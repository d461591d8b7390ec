/**
 * How the command ends when it is told to: the first SIGINT, SIGTERM or SIGHUP
 * interrupts it, so that connections close in good order; a second one, or the
 * end of the grace period, ends the process at once.
 */
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { exitCodes } from "./exitCodes.ts"
import * as shutdown from "./shutdown.ts"

/** The signals that end the command. */
export type Signal = "SIGINT" | "SIGTERM" | "SIGHUP"

/** What signals do to this command. */
export class Signals extends Context.Service<Signals, {
  /** The first signal that asks us to end. */
  readonly stop: Effect.Effect<Signal>
  /**
   * For services: a signal that asks for the end is a good end, with exit code 0.
   */
  readonly endsWell: Effect.Effect<void>
  /** Whether `endsWell` was said. */
  readonly isGoodEnd: Effect.Effect<boolean>
  /** Takes SIGHUP for itself: it no longer ends the command. */
  readonly onHangup: (handler: () => void) => Effect.Effect<void>
}>()("holdfast/cli/Signals") {}

/** Listens to the process's signals for the life of the scope. */
export const layer: Layer.Layer<Signals> = Layer.effect(
  Signals,
  Effect.gen(function*() {
    const stop = yield* Deferred.make<Signal>()
    let endsWell = false
    let stopping = false
    let onHangup: (() => void) | undefined
    let timer: NodeJS.Timeout | undefined

    const handle = (signal: Signal) => {
      if (signal === "SIGHUP" && onHangup !== undefined) return onHangup()
      const code = endsWell ? exitCodes.failure : signal === "SIGINT" ? exitCodes.interrupted : exitCodes.terminated
      if (stopping) return process.exit(code)
      stopping = true
      timer = setTimeout(() => process.exit(code), shutdown.ofCommand)
      timer.unref()
      Deferred.doneUnsafe(stop, Effect.succeed(signal))
    }
    const names = ["SIGINT", "SIGTERM", "SIGHUP"] as const
    yield* Effect.acquireRelease(
      Effect.sync(() => {
        for (const name of names) process.on(name, handle)
      }),
      () =>
        Effect.sync(() => {
          clearTimeout(timer)
          for (const name of names) process.off(name, handle)
        })
    )
    return Signals.of({
      stop: Deferred.await(stop),
      endsWell: Effect.sync(() => {
        endsWell = true
      }),
      isGoodEnd: Effect.sync(() => endsWell),
      onHangup: (handler) =>
        Effect.sync(() => {
          onHangup = handler
        })
    })
  })
)
