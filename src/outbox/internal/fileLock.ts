/**
 * One owner for a file, by a second file that names it.
 *
 * Effect's `FileSystem` knows no lock that ends with its process, so the lock
 * names the process, and one whose process is gone is taken over. Processes that
 * cannot see each other (two containers on one volume) take each other's lock
 * over too: therefore the owner looks before each write whether it still is the owner.
 */
import * as Effect from "effect/Effect"
import type { FileSystem } from "effect/FileSystem"
import type { PlatformError } from "effect/PlatformError"
import type * as Scope from "effect/Scope"
import { failedTo } from "./fileErrors.ts"
import { drawId } from "./identity.ts"
import { fenced, type Operation, OutboxStoreError } from "./log.ts"

export interface Lock {
  /** Fails where somebody else has become the owner. */
  readonly check: (operation: Operation) => Effect.Effect<void, OutboxStoreError>
}

// A lock of this process is either in here or was left by another that had the same number.
const held = new Set<string>()

/** Held until the scope closes; fails where a living process holds it. */
export const acquire = (
  fs: FileSystem,
  path: string,
  name: string
): Effect.Effect<Lock, OutboxStoreError, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.gen(function*() {
      const pid = self?.pid ?? 0
      const token = `${yield* drawId} ${pid} ${yield* birthOf(fs, pid)}`
      const create = fs.writeFileString(path, token, { flag: "wx" })
      // Once more for each owner that goes away, or is taken over, just then.
      for (let attempt = 0; attempt < 3; attempt++) {
        const owner = yield* Effect.as(create, undefined).pipe(Effect.catchIf(isThere, () => ownerOf(fs, path)))
        if (owner === undefined) {
          held.add(token)
          return { token, create }
        }
        if (yield* isAlive(fs, owner)) return yield* Effect.fail(new OutboxIsOpen(owner))
        yield* fs.remove(path, { force: true })
      }
      return yield* Effect.fail(new OutboxIsOpen(yield* ownerOf(fs, path)))
    }).pipe(
      Effect.mapError((error) => error instanceof OutboxIsOpen ? refused(name, path, error) : failedTo("open")(error))
    ),
    ({ token }) =>
      Effect.suspend(() => {
        held.delete(token)
        return Effect.ignore(
          Effect.flatMap(ownerOf(fs, path), (owner) => owner === token ? fs.remove(path) : Effect.void)
        )
      })
  ).pipe(
    Effect.map(({ create, token }) => ({
      check: (operation) =>
        fs.readFileString(path).pipe(
          // Who tidied it away did not mean to take the outbox over.
          Effect.catchIf(isMissing, () => Effect.as(create, token)),
          Effect.mapError(failedTo(operation)),
          Effect.flatMap((owner) => owner === token ? Effect.void : Effect.fail(fenced(operation, name)))
        )
    }))
  )

class OutboxIsOpen {
  readonly owner: string
  constructor(owner: string) {
    this.owner = owner
  }
}

const refused = (name: string, path: string, { owner }: OutboxIsOpen): OutboxStoreError =>
  new OutboxStoreError({
    operation: "open",
    cause: new Error(
      `the outbox "${name}" is open in process ${
        owner.split(" ")[1] ?? "unknown"
      }; where that is none of ours, remove ${path}`
    ),
    retryable: false
  })

const isThere = (error: PlatformError): boolean => error.reason._tag === "AlreadyExists"
const isMissing = (error: PlatformError): boolean => error.reason._tag === "NotFound"

/** What the lock says; empty where it is gone, or was never written out. */
const ownerOf = (fs: FileSystem, path: string): Effect.Effect<string, PlatformError> =>
  Effect.catchIf(fs.readFileString(path), isMissing, () => Effect.succeed(""))

// Node, Deno and Bun have it; where it is missing, no process can be seen, and every lock is taken over.
const self = (globalThis as { readonly process?: { readonly pid: number; kill(pid: number, signal: number): unknown } })
  .process

const isAlive = (fs: FileSystem, owner: string): Effect.Effect<boolean> =>
  Effect.gen(function*() {
    const [, number, birth] = owner.split(" ")
    const pid = Number(number)
    if (self === undefined || !Number.isInteger(pid) || pid <= 0) return false
    if (pid === self.pid) return held.has(owner)
    if (!exists(self, pid)) return false
    // The number may have gone to another process since, above all where the machine was started again.
    return birth === unknown || birth === (yield* birthOf(fs, pid))
  })

const unknown = "-"

/** When a process began, in Linux' own words: the boot, and the ticks since. Elsewhere unknown. */
const birthOf = (fs: FileSystem, pid: number): Effect.Effect<string> =>
  Effect.zipWith(
    fs.readFileString("/proc/sys/kernel/random/boot_id"),
    fs.readFileString(`/proc/${pid}/stat`),
    // The second field is a name in brackets, with anything in it; the 22nd is the start.
    (boot, stat) => `${boot.trim()}/${stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? unknown}`
  ).pipe(Effect.orElseSucceed(() => unknown))

/** Signal 0 only asks; the answer is an exception, which is no failure of ours. */
const exists = (process: NonNullable<typeof self>, pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as { readonly code?: string }).code === "EPERM"
  }
}
