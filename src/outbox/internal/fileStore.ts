/**
 * Outboxes in files: only ever appended to, each batch with one write and one
 * `fsync`, and written anew where most of a file is of no use any more.
 */
import * as Effect from "effect/Effect"
import type { FileSystem } from "effect/FileSystem"
import type { PlatformError } from "effect/PlatformError"
import type * as Scope from "effect/Scope"
import { damaged, failedTo } from "./fileErrors.ts"
import * as frames from "./fileFrames.ts"
import { type Handle, openFile, readExactly, replaceFile } from "./fileHandle.ts"
import { FileIndex } from "./fileIndex.ts"
import * as fileLock from "./fileLock.ts"
import { FileLog, type Place } from "./fileLog.ts"
import { scan } from "./fileScan.ts"
import { drawId } from "./identity.ts"
import type { OutboxLog, OutboxStoreError } from "./log.ts"

export interface FileOptions {
  readonly directory: string
  readonly compactAbove: number
}

export const open = Effect.fnUntraced(function*(
  fs: FileSystem,
  { compactAbove, directory }: FileOptions,
  name: string
): Effect.fn.Return<OutboxLog, OutboxStoreError, Scope.Scope> {
  yield* Effect.mapError(fs.makeDirectory(directory, { recursive: true }), failedTo("open"))
  const path = `${directory}/${fileName(name)}.outbox`
  const lock = yield* fileLock.acquire(fs, `${directory}/${fileName(name)}.lock`, name)
  const place: Place = { fs, directory, path, compactAbove }
  const log = yield* Effect.acquireRelease(openLog(place, lock), ({ log }) => log.close)
  return {
    ...log.found,
    append: (first, payloads) => log.log.append(first, payloads),
    read: (from, limit) => log.log.read(from, limit),
    ack: (sequences) => log.log.ack(sequences)
  }
})

/** Characters that every file system takes; all others as their codes. */
const fileName = (name: string): string =>
  encodeURIComponent(name).replace(/[*.]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)

const openLog = Effect.fnUntraced(function*(place: Place, lock: fileLock.Lock) {
  const handle = yield* Effect.mapError(openOrCreate(place), failedTo("open"))
  return yield* Effect.gen(function*() {
    const index = new FileIndex()
    const { end, head } = yield* readAll(place.path, handle, index)
    return {
      log: new FileLog(place, lock, handle, index, head, end),
      found: { id: head.id, next: head.next, pending: index.size }
    }
  }).pipe(Effect.onError(() => handle.close))
})

const openOrCreate = ({ directory, fs, path }: Place): Effect.Effect<Handle, PlatformError> =>
  Effect.catchIf(
    openFile(fs, path, "r+"),
    (error) => error.reason._tag === "NotFound",
    () =>
      Effect.flatMap(
        drawId,
        (id) => replaceFile(fs, directory, path, (file) => file.writeAll(frames.headFrame({ id, next: 1 })))
      )
  )

const readAll = Effect.fnUntraced(function*(
  path: string,
  { file }: Handle,
  index: FileIndex
): Effect.fn.Return<{ readonly head: frames.Head; readonly end: number }, OutboxStoreError> {
  const size = Number((yield* Effect.mapError(file.stat, failedTo("open"))).size)
  let head: frames.Head | undefined
  let next = 1
  const { end, rest } = yield* scan((offset, length) => readExactly(file, offset, length), size, (frame) => {
    switch (frame.kind) {
      case "head":
        head = frames.readHead(frame.payload)
        next = head.next
        return
      case "messages":
        for (const message of frames.readMessages(frame.payload)) {
          index.add({ ...message, offset: message.offset + frame.offset })
          next = Math.max(next, message.sequence + 1)
        }
        return
      case "acks":
        for (const sequence of frames.readAcks(frame.payload)) index.remove(sequence)
    }
  }).pipe(Effect.mapError(failedTo("open")))
  // The head was on the disk before the file had its name.
  if (head === undefined) return yield* Effect.fail(damaged(path, 0, "it does not begin as an outbox does"))
  if (rest === "damaged") {
    return yield* Effect.fail(damaged(path, end, "what was written there is not what is there now"))
  }
  if (rest === "unfinished") {
    yield* Effect.logWarning(
      `${path}: a crash left ${size - end} bytes of a batch that was never accepted; they were cut`
    )
    yield* Effect.mapError(Effect.andThen(file.truncate(end), file.sync), failedTo("open"))
  }
  return { head: { id: head.id, next }, end }
})
