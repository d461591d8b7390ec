/**
 * A file that only one process has at a time, for a moment: who takes the
 * socket of a dead daemon must be alone while he looks, removes and binds.
 *
 * It is created exclusively and complete (a link to a file that is written
 * already), and names its owner by pid and time of birth, so that one whose owner
 * was killed is known as stale. Two that find it stale must not both remove it,
 * since the second would remove what the first has put there: the right to
 * remove this one lock is a lock itself, named after it.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import type { PlatformError } from "effect/PlatformError"
import type { ChildProcessSpawner } from "effect/process/ChildProcessSpawner"
import * as Random from "effect/Random"
import type * as Scope from "effect/Scope"
import { type CliFailure, failure } from "../failure.ts"
import { type Identity, isAlive } from "./identity.ts"

type Needs = FileSystem.FileSystem | ChildProcessSpawner

/** How long to wait for a living owner, who needs it for some milliseconds. */
const patience = 10_000

/** Held until the scope closes. Waits while a living process holds it. */
export const acquire = (path: string, owner: Identity): Effect.Effect<void, CliFailure, Needs | Scope.Scope> =>
  Effect.gen(function*() {
    const token = yield* draw
    const text = `${owner.pid} ${token} ${owner.birth}\n`
    const deadline = (yield* Clock.currentTimeMillis) + patience
    yield* Effect.acquireRelease(
      Effect.interruptible(take(path, text, owner, deadline)),
      () => Effect.ignore(removeIf(path, text))
    )
  }).pipe(Effect.catchTag("PlatformError", (error) => Effect.fail(unwritable(path, error))))

const draw: Effect.Effect<string> = Effect.map(
  Random.nextIntBetween(0, 2 ** 48 - 1),
  (number) => number.toString(16).padStart(12, "0")
)

const take = (
  path: string,
  text: string,
  owner: Identity,
  deadline: number
): Effect.Effect<void, CliFailure | PlatformError, Needs> =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    for (;;) {
      if (yield* create(path, text)) return
      const found = yield* Effect.catchTag(
        fs.readFileString(path),
        "PlatformError",
        (error) => error.reason._tag === "NotFound" ? Effect.succeed(undefined) : Effect.fail(error)
      )
      if (found === undefined) continue
      const other = parse(found)
      if (other !== undefined && (yield* isAlive(other))) {
        if ((yield* Clock.currentTimeMillis) >= deadline) return yield* Effect.fail(heldTooLong(path, other.pid))
        yield* Effect.sleep(20)
        continue
      }
      yield* Effect.scoped(
        Effect.andThen(acquire(`${path}.${other?.token ?? "unreadable"}`, owner), removeIf(path, found))
      )
    }
  })

/** Whether it is ours now. */
const create = (path: string, text: string): Effect.Effect<boolean, PlatformError, FileSystem.FileSystem> =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const written = `${path}.new-${text.split(" ", 2).join("-")}`
    return yield* Effect.acquireUseRelease(
      fs.writeFileString(written, text, { flag: "wx", mode: 0o600 }),
      () => Effect.as(fs.link(written, path), true),
      () => Effect.ignore(fs.remove(written))
    )
  }).pipe(Effect.catchIf((error) => error.reason._tag === "AlreadyExists", () => Effect.succeed(false)))

/** Removes it where it still says this. */
const removeIf = (path: string, text: string): Effect.Effect<void, PlatformError, FileSystem.FileSystem> =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const now = yield* Effect.orElseSucceed(fs.readFileString(path), () => undefined)
    if (now === text) yield* fs.remove(path)
  })

const parse = (text: string): (Identity & { readonly token: string }) | undefined => {
  const [, pid, token, birth] = /^(\d+) ([0-9a-f]{12}) (.+)\n$/.exec(text) ?? []
  return pid === undefined || token === undefined || birth === undefined
    ? undefined
    : { pid: Number(pid), token, birth }
}

const heldTooLong = (path: string, pid: number): CliFailure =>
  failure(
    "timeout",
    `Process ${pid} has been holding the lock ${path} for ${patience / 1000} s.`,
    "It is another holdfast that is starting; end it if it is stuck."
  )

const unwritable = (path: string, error: PlatformError): CliFailure =>
  failure("output", `The lock ${path} cannot be made: ${error.message}`, "Check the folder and its permissions.")
