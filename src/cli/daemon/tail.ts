/**
 * The end of a file that grows and is rotated: its last lines, and then what
 * comes, in whichever file of that name.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import type { PlatformError } from "effect/PlatformError"
import * as Scope from "effect/Scope"
import { StringDecoder } from "node:string_decoder"

/** What is told of each line. */
export type OnLine<E> = (line: string) => Effect.Effect<void, E>

const block = 64 * 1024

/** How often a file that is followed is looked at, milliseconds. */
const pause = 200

/** The last lines, and, where it is followed, all that come later: then it never ends. */
export const tail = <E>(
  file: string,
  options: { readonly lines: number; readonly follow: boolean },
  onLine: OnLine<E>
): Effect.Effect<void, E | PlatformError, FileSystem.FileSystem> =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    let position = 0
    let first = true
    for (;;) {
      const scope = yield* Scope.make()
      const again = yield* Effect.gen(function*() {
        const handle = yield* Scope.provide(fs.open(file), scope)
        const { ino, size } = yield* handle.stat
        position = first ? yield* startOf(handle, Number(size), options.lines) : 0
        first = false
        const reader = new Reader(handle, position)
        for (;;) {
          yield* reader.read(onLine)
          if (!options.follow) return yield* Effect.as(reader.rest(onLine), false)
          yield* Effect.sleep(pause)
          const now = yield* Effect.option(fs.stat(file))
          const same = Option.isSome(now) && Option.getOrUndefined(now.value.ino) === Option.getOrUndefined(ino)
          // Cut to begin anew, as by `> file`.
          const cut = same && Number(now.value.size) < reader.position
          if (same && !cut) continue
          // What was written before it was set aside.
          if (!cut) yield* Effect.andThen(reader.read(onLine), reader.rest(onLine))
          return true
        }
      }).pipe(
        // Between the old file and the new one there is none.
        Effect.catchIf(
          (error) => !first && isMissing(error),
          () => Effect.as(Effect.sleep(pause), true)
        ),
        Effect.onExit(() => Scope.close(scope, Exit.void))
      )
      if (!again) return
    }
  })

const isMissing = (error: unknown): boolean =>
  typeof error === "object" && error !== null && "_tag" in error && error._tag === "PlatformError" &&
  (error as PlatformError).reason._tag === "NotFound"

/** Reads on, and cuts into lines. */
class Reader {
  position: number
  private readonly handle: FileSystem.File
  private readonly decoder = new StringDecoder("utf8")
  private held = ""

  constructor(handle: FileSystem.File, position: number) {
    this.handle = handle
    this.position = position
  }

  /** All that is there by now. */
  read<E>(onLine: OnLine<E>): Effect.Effect<void, E | PlatformError> {
    return Effect.gen({ self: this }, function*() {
      const buffer = new Uint8Array(block)
      for (;;) {
        const count = Number(yield* this.handle.read(buffer, { position: BigInt(this.position) }))
        if (count === 0) return
        this.position += count
        const [start = "", ...more] = this.decoder.write(Buffer.from(buffer.subarray(0, count))).split("\n")
        this.held += start
        for (const part of more) {
          yield* this.tell(onLine)
          this.held = part
        }
      }
    })
  }

  /** What has no end. */
  rest<E>(onLine: OnLine<E>): Effect.Effect<void, E> {
    return this.tell(onLine)
  }

  private tell<E>(onLine: OnLine<E>): Effect.Effect<void, E> {
    const line = this.held
    this.held = ""
    return line === "" ? Effect.void : onLine(line)
  }
}

/** Where the last lines begin. */
const startOf = (handle: FileSystem.File, size: number, lines: number): Effect.Effect<number, PlatformError> =>
  Effect.gen(function*() {
    if (lines === 0) return size
    const buffer = new Uint8Array(block)
    let found = 0
    for (let end = size; end > 0;) {
      const begin = Math.max(0, end - block)
      const count = Number(
        yield* handle.read(buffer.subarray(0, end - begin), { position: BigInt(begin) })
      )
      for (let at = count - 1; at >= 0; at--) {
        // The one at the very end ends the last line, and begins none.
        if (buffer[at] !== 10 || begin + at === size - 1) continue
        if (++found === lines) return begin + at + 1
      }
      end = begin
    }
    return 0
  })
