/** Open files, each closed when it is not needed any more, and the steps that make a change of them last. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { File, FileSystem, OpenFlag } from "effect/FileSystem"
import { type PlatformError, systemError } from "effect/PlatformError"
import * as Scope from "effect/Scope"

export interface Handle {
  readonly file: File
  readonly close: Effect.Effect<void>
}

export const openFile = (fs: FileSystem, path: string, flag: OpenFlag): Effect.Effect<Handle, PlatformError> =>
  Effect.uninterruptible(Effect.gen(function*() {
    const scope = yield* Scope.make()
    const close = Scope.close(scope, Exit.void)
    const file = yield* Effect.onError(Scope.provide(fs.open(path, { flag }), scope), () => close)
    return { file, close }
  }))

/**
 * Puts a new file in the place of the one at `path`, so that after a crash there
 * is the one or the other, whole; the result is open for reading and writing.
 */
export const replaceFile = (
  fs: FileSystem,
  directory: string,
  path: string,
  write: (file: File) => Effect.Effect<void, PlatformError>
): Effect.Effect<Handle, PlatformError> =>
  Effect.uninterruptible(Effect.gen(function*() {
    const draft = `${path}.new`
    const handle = yield* openFile(fs, draft, "w+")
    yield* write(handle.file).pipe(
      Effect.andThen(handle.file.sync),
      Effect.andThen(fs.rename(draft, path)),
      Effect.onError(() => Effect.andThen(handle.close, Effect.ignore(fs.remove(draft, { force: true }))))
    )
    // The name is what the directory holds. Not every system can do this, and those that cannot need not.
    yield* Effect.ignore(Effect.scoped(Effect.flatMap(fs.open(directory, { flag: "r" }), ({ sync }) => sync)))
    return handle
  }))

/** All of these bytes: an end of the file before that is a failure. */
export const readExactly = (file: File, offset: number, length: number): Effect.Effect<Uint8Array, PlatformError> =>
  Effect.gen(function*() {
    const bytes = new Uint8Array(length)
    let filled = 0
    while (filled < length) {
      const count = yield* file.read(bytes.subarray(filled), { position: BigInt(offset + filled) })
      if (count === 0) {
        return yield* Effect.fail(
          systemError({
            _tag: "UnexpectedEof",
            module: "FileSystem",
            method: "read",
            description: `at byte ${offset + filled}`
          })
        )
      }
      filled += count
    }
    return bytes
  })
