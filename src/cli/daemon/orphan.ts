/**
 * A supervisor that was killed leaves a worker that is ending by itself: it must
 * be gone before the next one dials.
 */
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import type { ChildProcessSpawner } from "effect/process/ChildProcessSpawner"
import * as identity from "./identity.ts"
import * as pidFile from "./pidFile.ts"
import type { Place } from "./place.ts"

type Needs = FileSystem.FileSystem | ChildProcessSpawner

/** Succeeds when that very process is gone. */
export const untilGone = (process: identity.Identity): Effect.Effect<void, never, Needs> =>
  Effect.asVoid(
    Effect.repeat(
      Effect.andThen(
        identity.isAlive(process),
        (alive) => alive ? Effect.delay(Effect.succeed(true), 25) : Effect.succeed(false)
      ),
      { while: (alive) => alive }
    )
  )

/** Waits for it, and kills it where that takes too long. `onFound` is told first. */
export const endOrphan = (
  place: Place,
  onFound: (pid: number) => void = () => undefined
): Effect.Effect<void, never, Needs> =>
  Effect.gen(function*() {
    const orphan = yield* pidFile.read(place.workerPidFile)
    if (typeof orphan !== "object") return
    if (yield* identity.isAlive(orphan)) {
      onFound(orphan.pid)
      const inTime = yield* Effect.timeoutOption(untilGone(orphan), 8000)
      if (inTime._tag === "None") {
        yield* identity.signal(orphan, "SIGKILL")
        yield* untilGone(orphan)
      }
    }
    yield* pidFile.remove(place.workerPidFile, orphan)
  })
