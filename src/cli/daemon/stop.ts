/**
 * `holdfast stop`: asks a daemon to end, and sees to it that it does.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import type * as Path from "effect/Path"
import type { ChildProcessSpawner } from "effect/process/ChildProcessSpawner"
import { type CliFailure, failure } from "../failure.ts"
import { Output } from "../output.ts"
import { ask, notRunning } from "./controlClient.ts"
import { type Candidate, find } from "./daemons.ts"
import * as identity from "./identity.ts"
import * as lastEnd from "./lastEnd.ts"
import { endOrphan, untilGone } from "./orphan.ts"
import type { Place } from "./place.ts"

/** What `stop` is told. */
export interface StopInput {
  readonly target: string
  /** Milliseconds. */
  readonly timeout: number
  /** Signals a daemon that does not answer at once, rather than after the timeout. */
  readonly force: boolean
  readonly runtimeDir: string | undefined
}

type Needs = FileSystem.FileSystem | Path.Path | ChildProcessSpawner | Output

/** Ends it; fails with `notRunning` where there is nothing to end. */
export const stop = (input: StopInput): Effect.Effect<void, CliFailure, Needs> =>
  Effect.gen(function*() {
    const output = yield* Output
    const candidate = yield* find(input.target, input.runtimeDir)
    const { name } = candidate.place
    const how = yield* end(candidate, input)
    yield* output.data(
      how === "asked" ? `"${name}" has ended.` : `"${name}" did not answer, and was ended by ${how}.`,
      { name, ended: how }
    )
  })

/** Ends this daemon, and says what it took. */
export const end = (
  { pidFile, place }: Candidate,
  { force, timeout }: Pick<StopInput, "force" | "timeout">
): Effect.Effect<"asked" | "SIGTERM" | "SIGKILL", CliFailure, Needs> =>
  Effect.gen(function*() {
    const owner = typeof pidFile === "object" ? pidFile : undefined
    const begun = yield* Clock.currentTimeMillis
    const asked = yield* Effect.result(ask(place, { _tag: "Stop" }, force ? 2000 : timeout))
    if (asked._tag === "Failure" && asked.failure.exit !== "notRunning" && asked.failure.exit !== "timeout") {
      return yield* Effect.fail(asked.failure)
    }
    if (owner === undefined || !(yield* identity.isAlive(owner))) {
      if (asked._tag === "Success") return "asked" as const
      // The number in the pidfile is nobody's, or another's by now.
      yield* forget(place)
      return yield* Effect.fail(notRunning(place.name))
    }
    const left = asked._tag === "Failure" && force ? 0 : timeout - ((yield* Clock.currentTimeMillis) - begun)
    if (left > 0 && (yield* Effect.timeoutOption(untilGone(owner), left))._tag === "Some") {
      yield* endOrphan(place)
      return "asked" as const
    }
    const how = yield* endByForce(place.name, owner)
    yield* endOrphan(place)
    yield* forget(place)
    return how
  })

const endByForce = (
  name: string,
  owner: identity.Identity
): Effect.Effect<"SIGTERM" | "SIGKILL", CliFailure, FileSystem.FileSystem | ChildProcessSpawner> =>
  Effect.gen(function*() {
    for (const signal of ["SIGTERM", "SIGKILL"] as const) {
      yield* identity.signal(owner, signal)
      if ((yield* Effect.timeoutOption(untilGone(owner), 3000))._tag === "Some") return signal
    }
    return yield* Effect.fail(failure("failure", `"${name}" (pid ${owner.pid}) does not end, not even by SIGKILL.`))
  })

/** What a daemon that is dead has left. The socket is none of it: whoever starts next replaces it, under the lock. */
const forget = (place: Place): Effect.Effect<void, never, FileSystem.FileSystem> =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    yield* Effect.ignore(fs.remove(place.pidFile, { force: true }))
    yield* lastEnd.remove(place.lastEnd)
  })
