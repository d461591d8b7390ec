/**
 * The log of a daemon. It never holds anything up and never fails: what cannot
 * be written, because the disk is full or too slow, is counted.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import * as Latch from "effect/Latch"
import type * as Path from "effect/Path"
import type * as Scope from "effect/Scope"
import { rotatingFile } from "../run/rotatingFile.ts"
import { systemCause } from "../systemCause.ts"
import { iso } from "./time.ts"

/** What could not be written. */
export interface Lost {
  readonly lostLines: number
  readonly lostBytes: number
  /** Why, the last time. */
  readonly error?: string | undefined
}

/** A file that takes lines. */
export interface LogFile {
  readonly file: string
  /** Takes these bytes; whole lines are best. */
  readonly write: (bytes: Uint8Array) => void
  /** The next write opens the file by its name again. */
  readonly reopen: () => void
  readonly lost: () => Lost
}

/** How it is kept. */
export interface LogOptions {
  readonly file: string
  /** Bytes; default 10 MiB. */
  readonly maxSize?: number | undefined
  /** Old files; default 5. */
  readonly maxFiles?: number | undefined
  /** Writes into the file itself how much of it is missing. */
  readonly ndjson: boolean
}

/** How much may wait to be written. */
const room = 4 * 1024 * 1024
/** How much is written at once: few writes when there is much, and files that keep their size. */
const chunk = 64 * 1024

/** Open until the scope closes; what was taken before is written then. */
export const make = Effect.fnUntraced(function*(
  { file, maxFiles = 5, maxSize = 10 * 1024 * 1024, ndjson }: LogOptions
): Effect.fn.Return<LogFile, never, FileSystem.FileSystem | Path.Path | Scope.Scope> {
  const out = yield* rotatingFile({ path: file, maxSize, maxFiles })
  const some = yield* Latch.make()
  const waiting: Array<Uint8Array> = []
  let size = 0
  let lines = 0
  let bytes = 0
  let told = 0
  let error: string | undefined

  const lose = (lostBytes: Uint8Array, why: string) => {
    lines += lostBytes.reduce((count, byte) => byte === 10 ? count + 1 : count, 0)
    bytes += lostBytes.length
    error = why
  }
  const take = (): Uint8Array => {
    let taken = 0
    const count = waiting.findIndex((one) => (taken += one.length) >= chunk)
    const batch = waiting.splice(0, count === -1 ? waiting.length : count + 1)
    size -= batch.reduce((sum, one) => sum + one.length, 0)
    return batch.length === 1 ? batch[0] ?? new Uint8Array() : Buffer.concat(batch)
  }
  const writeSome = Effect.uninterruptible(Effect.gen(function*() {
    const batch = take()
    const written = yield* Effect.result(out.write(batch))
    if (written._tag === "Failure") return lose(batch, systemCause(written.failure))
    if (ndjson && lines > told) yield* Effect.ignore(tellLoss)
  }))
  const tellLoss = Effect.gen(function*() {
    const now = yield* Clock.currentTimeMillis
    const missing = lines - told
    const line = {
      at: iso(now),
      level: "warn",
      event: "log-lost",
      message: `${missing} lines before this one could not be written: ${error}`,
      lostLines: missing
    }
    yield* out.write(Buffer.from(`${JSON.stringify(line)}\n`))
    told = lines
  })
  const drain = Effect.whileLoop({ while: () => waiting.length > 0, body: () => writeSome, step: () => undefined })

  yield* Effect.addFinalizer(() => Effect.timeoutOption(drain, 1000))
  yield* Effect.forkScoped(
    Effect.forever(Effect.andThen(some.await, Effect.andThen(Effect.sync(() => some.closeUnsafe()), drain)))
  )
  return {
    file,
    write: (more) => {
      if (size + more.length > room) return lose(more, "the disk is too slow")
      waiting.push(more)
      size += more.length
      some.openUnsafe()
    },
    reopen: out.reopen,
    lost: () => ({ lostLines: lines, lostBytes: bytes, error })
  }
})
