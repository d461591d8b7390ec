/**
 * A source that follows a file, as `tail -F` does: what is appended to it is
 * sent, also after it was set aside, replaced or cut.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import type * as PlatformError from "effect/PlatformError"
import * as Scope from "effect/Scope"
import { millisOf } from "../../config/quantities.ts"
import type { Source } from "../../config/schema.ts"
import { systemCause } from "../../systemCause.ts"
import { LineSplitter } from "../lineSplitter.ts"
import type { Receiver } from "./receiver.ts"

const chunk = 64 * 1024

interface Open {
  readonly file: FileSystem.File
  readonly scope: Scope.Closeable
  readonly inode: bigint | undefined
  position: number
}

/** Follows the file until it is interrupted. It is asked for again every quarter of a second: that works on every file system. */
export const followFile = Effect.fnUntraced(function*(
  source: Extract<Source, { type: "file" }>,
  receiver: Receiver
): Effect.fn.Return<never, never, FileSystem.FileSystem> {
  const files = yield* FileSystem.FileSystem
  const { path } = source
  const pause = millisOf(source.every ?? "250 ms") ?? 0
  const lines = new LineSplitter()
  let current: Open | undefined
  // A file that appears later is new: all of it is.
  let fromEnd = source.start !== "beginning"
  let told = false

  const close = Effect.suspend(() => {
    const closed = current
    current = undefined
    return closed === undefined ? Effect.void : Scope.close(closed.scope, Exit.void)
  })
  const inodeOf = ({ ino }: FileSystem.File.Info) => Option.getOrUndefined(ino)

  const open: Effect.Effect<Open, PlatformError.PlatformError> = Effect.gen(function*() {
    const scope = yield* Scope.make()
    return yield* Effect.gen(function*() {
      const file = yield* Scope.provide(files.open(path, { flag: "r" }), scope)
      const info = yield* file.stat
      return current = { file, scope, inode: inodeOf(info), position: fromEnd ? Number(info.size) : 0 }
    }).pipe(Effect.onError((cause) => Scope.close(scope, Exit.failCause(cause))))
  })

  /** Reads to the end of what is open. */
  const read = (open: Open): Effect.Effect<void, PlatformError.PlatformError> =>
    Effect.gen(function*() {
      for (;;) {
        const size = Number((yield* open.file.stat).size)
        if (size < open.position) {
          // It was cut, and is written anew from its beginning.
          open.position = 0
          lines.reset()
        }
        yield* open.file.seek(BigInt(open.position), "start")
        const bytes = yield* open.file.readAlloc(chunk)
        if (Option.isNone(bytes)) return
        open.position += bytes.value.byteLength
        yield* receiver.receive(lines.push(bytes.value))
      }
    })

  const look: Effect.Effect<void, PlatformError.PlatformError> = Effect.gen(function*() {
    const before = current ?? (yield* open)
    yield* read(before)
    const there = yield* files.stat(path)
    if (inodeOf(there) === before.inode) return
    // What was written between the last look and the exchange is read first.
    yield* read(before)
    yield* receiver.receive(lines.end())
    yield* close
    fromEnd = false
    yield* read(yield* open)
  })

  const step = look.pipe(
    Effect.tap(() => {
      told = false
      fromEnd = false
      return receiver.skipped(lines.skipped)
    }),
    Effect.catch((error) => {
      fromEnd = fromEnd && current !== undefined
      if (told) return Effect.void
      told = true
      return receiver.tell(
        error.reason._tag === "NotFound"
          ? `${path} is not there; waiting for it`
          : `${path} cannot be read: ${systemCause(error)}`
      )
    }),
    Effect.andThen(Effect.sleep(pause))
  )
  return yield* Effect.forever(step).pipe(Effect.ensuring(close))
})
