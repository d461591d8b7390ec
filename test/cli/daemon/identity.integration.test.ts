import { it } from "@effect/vitest"
import { Effect } from "effect"
import type { Scope } from "effect"
import { spawn } from "node:child_process"
import { describe, expect } from "vitest"
import { identify, isAlive, self, signal } from "../../../src/cli/daemon/identity.ts"
import * as platform from "../../support/nodePlatform.ts"

const bystander = Effect.acquireRelease(
  Effect.sync(() => spawn("sleep", ["60"], { stdio: "ignore" })),
  (child) =>
    Effect.callback<void>((resume) => {
      if (child.exitCode !== null || child.signalCode !== null) return resume(Effect.void)
      child.once("exit", () => resume(Effect.void))
      child.kill("SIGKILL")
    })
)

const live = <A, E>(
  name: string,
  test: Effect.Effect<A, E, platform.Platform | Scope.Scope>
) => it.live(name, () => Effect.provide(test, platform.layer))

describe("a process", () => {
  live(
    "is known by its number and its birth",
    Effect.gen(function*() {
      const child = yield* bystander
      const found = yield* identify(child.pid!)
      expect(found?.pid).toBe(child.pid)
      expect(yield* isAlive(found!)).toBe(true)
      expect(yield* isAlive({ ...found!, birth: "another boot/1" })).toBe(false)
      expect((yield* self).pid).toBe(process.pid)
    })
  )

  live(
    "is told by ps where there is no /proc",
    Effect.gen(function*() {
      const child = yield* bystander
      const found = yield* identify(child.pid!, "/nowhere")
      expect(found?.birth).toMatch(/\d\d:\d\d:\d\d \d{4}$/)
      expect(yield* identify(child.pid!, "/nowhere")).toEqual(found)
    })
  )

  live(
    "is gone when it has ended",
    Effect.gen(function*() {
      const child = yield* bystander
      const found = yield* identify(child.pid!)
      yield* Effect.callback<void>((resume) => {
        child.once("exit", () => resume(Effect.void))
        child.kill("SIGKILL")
      })
      expect(yield* identify(child.pid!)).toBeUndefined()
      expect(yield* identify(child.pid!, "/nowhere")).toBeUndefined()
      expect(yield* isAlive(found!)).toBe(false)
    })
  )

  live(
    "is dead as soon as it is a zombie",
    Effect.gen(function*() {
      // A shell that starts a child and becomes a program that never asks for its end.
      const parent = yield* Effect.acquireRelease(
        Effect.sync(() =>
          spawn("sh", ["-c", "sleep 0 & echo $!; exec sleep 60"], { stdio: ["ignore", "pipe", "ignore"] })
        ),
        (child) =>
          Effect.callback<void>((resume) => {
            child.once("close", () => resume(Effect.void))
            child.kill("SIGKILL")
          })
      )
      const pid = yield* Effect.callback<number>((resume) => {
        parent.stdout.once("data", (chunk) => resume(Effect.succeed(Number(String(chunk)))))
      })
      const gone = Effect.repeat(identify(pid), { until: (found) => found === undefined })
      yield* gone
      expect(() => process.kill(pid, 0)).not.toThrow()
    })
  )

  live(
    "is signalled where it is the one that is meant, and no other",
    Effect.gen(function*() {
      const child = yield* bystander
      const found = yield* identify(child.pid!)
      expect(yield* signal({ pid: child.pid!, birth: "another boot/1" }, "SIGKILL")).toBe(false)
      expect(yield* isAlive(found!)).toBe(true)
      expect(yield* signal(found!, "SIGTERM")).toBe(true)
      yield* Effect.callback<void>((resume) => {
        if (child.signalCode !== null) resume(Effect.void)
        else child.once("exit", () => resume(Effect.void))
      })
      expect(child.signalCode).toBe("SIGTERM")
      expect(yield* signal(found!, "SIGTERM")).toBe(false)
    })
  )
})
