import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { afterEach, describe, expect, vi } from "vitest"
import * as Signals from "../../src/cli/signals.ts"

afterEach(() => {
  vi.restoreAllMocks()
})

const withSignals = <A, E>(use: (signals: Signals.Signals["Service"]) => Effect.Effect<A, E>) =>
  Effect.provide(Effect.flatMap(Signals.Signals, use), Signals.layer)

describe("signals", () => {
  it.effect("ask for the end once, and end the process the second time", () =>
    withSignals((signals) =>
      Effect.gen(function*() {
        const exit = vi.spyOn(process, "exit").mockReturnValue(undefined as never)
        process.emit("SIGTERM", "SIGTERM")
        expect(yield* signals.stop).toBe("SIGTERM")
        expect(exit).not.toHaveBeenCalled()
        process.emit("SIGINT", "SIGINT")
        expect(exit.mock.calls).toEqual([[130]])
      })
    ))

  it.effect("are a good end for a service", () =>
    withSignals((signals) =>
      Effect.gen(function*() {
        expect(yield* signals.isGoodEnd).toBe(false)
        yield* signals.endsWell
        expect(yield* signals.isGoodEnd).toBe(true)
      })
    ))

  it.effect("give SIGHUP to whoever takes it", () =>
    withSignals((signals) =>
      Effect.gen(function*() {
        const reload = vi.fn<() => void>()
        yield* signals.onHangup(reload)
        process.emit("SIGHUP", "SIGHUP")
        process.emit("SIGHUP", "SIGHUP")
        expect(reload).toHaveBeenCalledTimes(2)
        process.emit("SIGTERM", "SIGTERM")
        expect(yield* signals.stop).toBe("SIGTERM")
      })
    ))

  it.effect("are left alone again when the scope closes", () =>
    Effect.gen(function*() {
      const before = process.listenerCount("SIGTERM")
      yield* withSignals(() => Effect.sync(() => expect(process.listenerCount("SIGTERM")).toBe(before + 1)))
      expect(process.listenerCount("SIGTERM")).toBe(before)
    }))
})
