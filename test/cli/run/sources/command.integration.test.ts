import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { describe, expect } from "vitest"
import { readCommand } from "../../../../src/cli/run/sources/command.ts"
import * as linesReceived from "../../../support/linesReceived.ts"
import { make } from "../../../support/workbench.ts"

describe("a command whose lines are sent", () => {
  it.live("is run once, where it is not to be restarted", () =>
    Effect.gen(function*() {
      const { tools } = yield* make()
      const receiver = linesReceived.make()
      yield* Effect.provide(
        readCommand({ type: "command", command: "echo a; printf b; exit 3", restart: false }, receiver),
        tools
      )
      expect(receiver.lines).toEqual(["a", "b"])
      expect(receiver.told).toEqual(["echo ended with exit code 3"])
    }))

  it.live("is started again when it ends", () =>
    Effect.gen(function*() {
      const { tools } = yield* make()
      const receiver = linesReceived.make()
      yield* readCommand({ type: "command", command: ["echo", "a"], restart: { first: "5 ms", cap: "5 ms" } }, receiver)
        .pipe(
          Effect.provide(tools),
          Effect.forkScoped({ startImmediately: true })
        )
      expect((yield* receiver.some(3)).slice(0, 3)).toEqual(["a", "a", "a"])
      yield* receiver.tells("echo ended with exit code 0; started again in 5ms")
    }))

  it.live("that does not exist is told", () =>
    Effect.gen(function*() {
      const { tools } = yield* make()
      const receiver = linesReceived.make()
      yield* Effect.provide(readCommand({ type: "command", command: ["/no/such"], restart: false }, receiver), tools)
      expect(receiver.told).toEqual(["/no/such cannot be run: spawn /no/such ENOENT"])
    }))

  it.live("waits while the connection does", () =>
    Effect.gen(function*() {
      const { tools } = yield* make()
      let received = 0
      const slow = {
        ...linesReceived.make(),
        receive: (lines: ReadonlyArray<string>) => {
          received += lines.length
          return Effect.never
        }
      }
      yield* readCommand({ type: "command", command: ["yes"] }, slow).pipe(
        Effect.provide(tools),
        Effect.forkScoped({ startImmediately: true })
      )
      yield* Effect.sleep(300)
      // One piece of a pipe, and not what `yes` prints in that time.
      expect(received).toBeLessThan(100_000)
    }))
})
