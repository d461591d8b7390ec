/** Writes to an outbox's file, and knows how much of it is sound. */
import type { NonEmptyReadonlyArray } from "effect/Array"
import * as Effect from "effect/Effect"
import type { FileSystem } from "effect/FileSystem"
import type { PlatformError } from "effect/PlatformError"
import * as Semaphore from "effect/Semaphore"
import { failedTo } from "./fileErrors.ts"
import * as frames from "./fileFrames.ts"
import { type Handle, readExactly, replaceFile } from "./fileHandle.ts"
import { FileIndex } from "./fileIndex.ts"
import type { Lock } from "./fileLock.ts"
import { type Entry, type OutboxStoreError, outOfTurn } from "./log.ts"

export interface Place {
  readonly fs: FileSystem
  readonly directory: string
  readonly path: string
  /** Bytes up to which the file is left as it is. */
  readonly compactAbove: number
}

const text = new TextDecoder()
/** Bytes read at once, unless one message is larger. */
const span = 1024 * 1024

export class FileLog {
  private readonly place: Place
  private readonly lock: Lock
  private readonly id: string
  private handle: Handle
  private index: FileIndex
  private next: number
  /** What stands before it is sound; what stands after it, where `dirty`, is the rest of a write that failed. */
  private end: number
  private dirty = false
  /** As far as the last `fsync` reached, and the acknowledgements that were written since. */
  private synced: number
  private unsynced: Array<number> = []
  /** Acknowledged, but not written. */
  private unwritten: Array<number> = []
  private readonly semaphore = Semaphore.makeUnsafe(1)

  constructor(place: Place, lock: Lock, handle: Handle, index: FileIndex, head: frames.Head, end: number) {
    this.place = place
    this.lock = lock
    this.handle = handle
    this.index = index
    this.id = head.id
    this.next = head.next
    this.end = this.synced = end
  }

  get close(): Effect.Effect<void> {
    return this.exclusively(Effect.suspend(() => this.handle.close))
  }

  append(first: number, payloads: NonEmptyReadonlyArray<string>): Effect.Effect<void, OutboxStoreError> {
    return this.exclusively(Effect.gen({ self: this }, function*() {
      if (first + payloads.length <= this.next) return
      if (first !== this.next) return yield* Effect.fail(outOfTurn(first, this.next))
      yield* this.lock.check("append")
      yield* Effect.mapError(this.writeMessages(first, payloads), failedTo("append"))
    }))
  }

  private *appended(first: number, payloads: NonEmptyReadonlyArray<string>): Generator<Entry> {
    for (let i = 0; i < payloads.length; i++) yield { sequence: first + i, payload: payloads[i]! }
  }

  private writeMessages(first: number, payloads: NonEmptyReadonlyArray<string>) {
    const { bytes, placed } = frames.messagesFrame([...this.appended(first, payloads)])
    return Effect.map(
      Effect.andThen(this.writeAcks, this.write(bytes, true)),
      (offset) => {
        for (const message of placed) this.index.add({ ...message, offset: message.offset + offset })
        this.next = first + payloads.length
      }
    )
  }

  read(from: number, limit: number): Effect.Effect<ReadonlyArray<Entry>, OutboxStoreError> {
    return this.exclusively(
      Effect.suspend(() => Effect.mapError(readEntries(this.handle, this.index, from, limit), failedTo("read")))
    )
  }

  /**
   * Where they cannot be written, the acknowledgements are kept and go with the
   * next write: a full disk holds up nobody whose messages leave it.
   */
  ack(sequences: ReadonlyArray<number>): Effect.Effect<void, OutboxStoreError> {
    return this.exclusively(Effect.gen({ self: this }, function*() {
      yield* this.lock.check("ack")
      for (const sequence of sequences) {
        if (this.index.remove(sequence)) this.unwritten.push(sequence)
      }
      const written = yield* Effect.exit(this.writeAcks)
      if (written._tag === "Success" && this.end > this.place.compactAbove && this.index.bytes * 2 < this.end) {
        yield* Effect.ignore(this.compact)
      }
    }))
  }

  private get writeAcks(): Effect.Effect<void, PlatformError> {
    return Effect.suspend(() => {
      if (this.unwritten.length === 0) return Effect.void
      return Effect.map(this.write(frames.acksFrame(this.unwritten), false), () => {
        this.unsynced.push(...this.unwritten)
        this.unwritten = []
      })
    })
  }

  /** Succeeds with where it was written. What a failure leaves is cut before the next write. */
  private write(bytes: Uint8Array, durably: boolean): Effect.Effect<number, PlatformError> {
    return Effect.gen({ self: this }, function*() {
      const { file } = this.handle
      if (this.dirty) yield* file.truncate(this.end)
      this.dirty = true
      yield* file.seek(BigInt(this.end), "start")
      yield* file.writeAll(bytes)
      const offset = this.end
      if (durably) {
        yield* Effect.onError(file.sync, () => Effect.sync(() => this.distrust()))
        this.synced = offset + bytes.length
        this.unsynced = []
      }
      this.end = offset + bytes.length
      this.dirty = false
      return offset
    })
  }

  /** After an `fsync` that failed, nobody knows what has become of anything since the last one. */
  private distrust(): void {
    this.end = this.synced
    this.unwritten = [...this.unsynced, ...this.unwritten]
    this.unsynced = []
  }

  private get compact(): Effect.Effect<void, PlatformError> {
    return Effect.gen({ self: this }, function*() {
      const index = new FileIndex()
      let end = 0
      const handle = yield* replaceFile(
        this.place.fs,
        this.place.directory,
        this.place.path,
        (file) =>
          Effect.gen({ self: this }, function*() {
            const write = (bytes: Uint8Array) =>
              Effect.map(file.writeAll(bytes), () => {
                end += bytes.length
              })
            yield* write(frames.headFrame({ id: this.id, next: this.next }))
            let from = 0
            while (true) {
              const entries = yield* readEntries(this.handle, this.index, from, 256)
              if (entries.length === 0) return
              const { bytes, placed } = frames.messagesFrame(entries)
              for (const message of placed) index.add({ ...message, offset: message.offset + end })
              yield* write(bytes)
              from = entries.at(-1)!.sequence + 1
            }
          })
      )
      yield* this.handle.close
      this.handle = handle
      this.index = index
      this.end = this.synced = end
      this.unsynced = []
    })
  }

  // A write that was begun cannot be taken back, and the next one must not overtake it.
  private exclusively<A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E> {
    return Effect.uninterruptible(this.semaphore.withPermit(effect))
  }
}

const readEntries = Effect.fnUntraced(function*(
  { file }: Handle,
  index: FileIndex,
  from: number,
  limit: number
): Effect.fn.Return<ReadonlyArray<Entry>, PlatformError> {
  const placed = index.from(from, limit)
  const entries: Array<Entry> = []
  while (entries.length < placed.length) {
    const { length, offset } = placed[entries.length]!
    let end = offset + length
    for (let i = entries.length + 1; i < placed.length; i++) {
      const last = placed[i]!.offset + placed[i]!.length
      if (last - offset > span) break
      end = last
    }
    const bytes = yield* readExactly(file, offset, end - offset)
    for (let one = placed[entries.length]; one !== undefined && one.offset + one.length <= end;) {
      entries.push({
        sequence: one.sequence,
        payload: text.decode(bytes.subarray(one.offset - offset, one.offset - offset + one.length))
      })
      one = placed[entries.length]
    }
  }
  return entries
})
