/**
 * A file that grows at its end, and is set aside when it is large or old enough:
 * `path` becomes `path.1`, that `path.2`, and so on.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Path from "effect/Path"
import type * as PlatformError from "effect/PlatformError"
import * as Scope from "effect/Scope"

export interface RotatingFileOptions {
  readonly path: string
  /** Bytes that it may have at most; a single write that is larger has a file of its own. */
  readonly maxSize?: number | undefined
  /** How many old files are kept; default 10. */
  readonly maxFiles?: number | undefined
  /** Begins a new file in each, by UTC; weeks begin on Monday. */
  readonly every?: "hour" | "day" | "week" | undefined
}

export interface RotatingFile {
  /** Writes all of it, or none: where the disk is full, no half of a line stays. */
  readonly write: (bytes: Uint8Array) => Effect.Effect<void, PlatformError.PlatformError>
  /** Before the next write the file is opened by its name again. */
  readonly reopen: () => void
}

interface Open {
  readonly file: FileSystem.File
  readonly scope: Scope.Closeable
  /** Only what is a file can be set aside, and cut. */
  readonly isFile: boolean
  size: number
  period: number
}

const hour = 3_600_000
const periods = { hour, day: 24 * hour, week: 7 * 24 * hour }
// The first of January 1970 was a Thursday.
const monday = 4 * 24 * hour

/** Nothing is opened before the first write. Writes must not overlap. */
export const rotatingFile = Effect.fnUntraced(function*(
  options: RotatingFileOptions
): Effect.fn.Return<RotatingFile, never, FileSystem.FileSystem | Path.Path | Scope.Scope> {
  const { every, maxFiles = 10, maxSize = Infinity, path } = options
  const files = yield* FileSystem.FileSystem
  const paths = yield* Path.Path
  let current: Open | undefined
  let wanted = false

  const periodOf = (millis: number): number =>
    every === undefined ? 0 : Math.floor((millis - (every === "week" ? monday : 0)) / periods[every])

  const close: Effect.Effect<void> = Effect.suspend(() => {
    const closed = current
    current = undefined
    return closed === undefined ? Effect.void : Scope.close(closed.scope, Exit.void)
  })
  yield* Effect.addFinalizer(() => close)

  const open: Effect.Effect<Open, PlatformError.PlatformError> = Effect.gen(function*() {
    if (current !== undefined && !wanted) return current
    yield* close
    wanted = false
    yield* files.makeDirectory(paths.dirname(path), { recursive: true })
    const scope = yield* Scope.make()
    return yield* Effect.gen(function*() {
      const file = yield* Scope.provide(files.open(path, { flag: "a", mode: 0o640 }), scope)
      const { mtime, size, type } = yield* file.stat
      const written = Number(size) === 0 ? undefined : Option.getOrUndefined(mtime)
      return current = {
        file,
        scope,
        isFile: type === "File",
        size: Number(size),
        period: periodOf(written === undefined ? yield* Clock.currentTimeMillis : written.getTime())
      }
    }).pipe(Effect.onError((cause) => Scope.close(scope, Exit.failCause(cause))))
  })

  const setAside: Effect.Effect<void, PlatformError.PlatformError> = Effect.gen(function*() {
    yield* close
    if (maxFiles === 0) return yield* files.remove(path)
    const older = (n: number) => n === 0 ? path : `${path}.${n}`
    for (let n = maxFiles - 1; n >= 0; n--) {
      yield* files.rename(older(n), older(n + 1)).pipe(
        Effect.catchIf((error) => n > 0 && error.reason._tag === "NotFound", () => Effect.void)
      )
    }
  })

  return {
    reopen: () => {
      wanted = true
    },
    write: (bytes) =>
      Effect.uninterruptible(Effect.gen(function*() {
        const before = yield* open
        const now = periodOf(yield* Clock.currentTimeMillis)
        const due = before.size > 0 && (before.size + bytes.byteLength > maxSize || now !== before.period)
        if (before.isFile && due) {
          yield* setAside
        }
        const { file, isFile, size } = yield* open
        yield* file.writeAll(bytes).pipe(
          Effect.tapError(() =>
            // What was written of it is taken back. The next attempt opens anew: the folder may be another by then.
            Effect.andThen(isFile ? Effect.ignore(file.truncate(size)) : Effect.void, close)
          )
        )
        if (current !== undefined) {
          current.size = size + bytes.byteLength
          current.period = now
        }
      }))
  }
})
