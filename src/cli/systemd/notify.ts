/**
 * Words to systemd. Node has no unix datagrams, so they go through the program
 * `systemd-notify`, a process each; the unit must say `NotifyAccess=all`.
 */
import * as Effect from "effect/Effect"
import * as ChildProcess from "effect/process/ChildProcess"
import { ChildProcessSpawner } from "effect/process/ChildProcessSpawner"

/** What is said, as `sd_notify(3)` has it: `READY=1`, `STATUS=…`. */
export type Assignment = `${"READY" | "RELOADING" | "STOPPING" | "WATCHDOG"}=1` | `STATUS=${string}`

/** Says it to systemd. False, where it cannot be said. */
export const notify = (assignments: ReadonlyArray<Assignment>): Effect.Effect<boolean, never, ChildProcessSpawner> =>
  Effect.gen(function*() {
    const spawner = yield* ChildProcessSpawner
    // One line each: systemd ends an assignment at a line break.
    const words = assignments.map((assignment) => assignment.replaceAll(/\s+/g, " "))
    const code = yield* spawner.exitCode(
      ChildProcess.make("systemd-notify", ["--no-block", ...words], {
        extendEnv: true,
        stdin: "ignore",
        stdout: "ignore",
        stderr: "ignore"
      })
    )
    return code === 0
  }).pipe(Effect.orElseSucceed(() => false))
