// A disk in memory that can be full, fail to sync, and lose its power.
import * as ByteSize from "effect/ByteSize"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import { type PlatformError, systemError, type SystemErrorTag } from "effect/PlatformError"

interface Stored {
  bytes: Uint8Array
  /** What has reached the disk for certain. */
  synced: Uint8Array
}

export class Disk {
  readonly files = new Map<string, Stored>()
  /** Bytes that all files together may have. */
  capacity = Number.POSITIVE_INFINITY
  /** How many of the next syncs fail. */
  failingSyncs = 0
  syncs = 0
  writes = 0

  get fs(): FileSystem.FileSystem {
    return FileSystem.makeNoop({
      makeDirectory: () => Effect.void,
      open: (path, options) => this.open(path, options?.flag ?? "r"),
      readFileString: (path) => Effect.map(this.at(path), ({ bytes }) => new TextDecoder().decode(bytes)),
      writeFileString: (path, text, options) =>
        Effect.suspend(() => {
          if (options?.flag?.includes("x") === true && this.files.has(path)) return fails("AlreadyExists")
          const file = this.create(path)
          return this.write(file, 0, new TextEncoder().encode(text))
        }),
      rename: (from, to) =>
        Effect.map(this.at(from), (file) => {
          this.files.delete(from)
          this.files.set(to, file)
        }),
      remove: (path) => Effect.sync(() => void this.files.delete(path))
    })
  }

  /** The power fails: of what was not synced of a file remains what `left` makes of it. */
  crash(path: string, left: (file: { readonly bytes: Uint8Array; readonly synced: Uint8Array }) => Uint8Array): void {
    const file = this.files.get(path)!
    file.bytes = file.synced = left(file)
  }

  private create(path: string): Stored {
    const file: Stored = { bytes: new Uint8Array(), synced: new Uint8Array() }
    this.files.set(path, file)
    return file
  }

  private at(path: string): Effect.Effect<Stored, PlatformError> {
    return Effect.suspend(() => {
      const file = this.files.get(path)
      return file === undefined ? fails("NotFound") : Effect.succeed(file)
    })
  }

  private write(file: Stored, offset: number, bytes: Uint8Array): Effect.Effect<void, PlatformError> {
    return Effect.suspend(() => {
      this.writes++
      const used = [...this.files.values()].reduce((sum, { bytes }) => sum + bytes.length, 0)
      const room = Math.max(0, this.capacity - used) + Math.max(0, file.bytes.length - offset)
      // As a real one: what fits is written before it says that the rest does not.
      const written = bytes.subarray(0, room)
      const grown = new Uint8Array(Math.max(file.bytes.length, offset + written.length))
      grown.set(file.bytes)
      grown.set(written, offset)
      file.bytes = grown
      return written.length < bytes.length ? fails("Unknown", "ENOSPC: no space left on device, write") : Effect.void
    })
  }

  private open(path: string, flag: FileSystem.OpenFlag): Effect.Effect<FileSystem.File, PlatformError> {
    return Effect.suspend(() => {
      if (flag === "r" && !this.files.has(path)) return Effect.succeed(this.handle(this.directory))
      if (flag === "w+") this.create(path)
      return Effect.map(this.at(path), (file) => this.handle(file))
    })
  }

  private readonly directory: Stored = { bytes: new Uint8Array(), synced: new Uint8Array() }

  private handle(file: Stored): FileSystem.File {
    let cursor = 0
    return {
      [FileSystem.FileTypeId]: FileSystem.FileTypeId,
      stat: Effect.sync(() => ({ size: ByteSize.bytes(file.bytes.length) }) as FileSystem.File.Info),
      seek: (offset) =>
        Effect.sync(() => {
          cursor = Number(offset)
          return offset
        }),
      sync: Effect.suspend(() => {
        this.syncs++
        if (this.failingSyncs > 0) {
          this.failingSyncs--
          // As Linux does: what was to be written is forgotten, and the next sync says nothing of it.
          return fails("Unknown", "EIO: i/o error, fsync")
        }
        file.synced = file.bytes
        return Effect.void
      }),
      read: (buffer, options) =>
        Effect.sync(() => {
          const from = Number(options?.position ?? cursor)
          const bytes = file.bytes.subarray(from, from + buffer.length)
          buffer.set(bytes)
          return bytes.length
        }),
      readAlloc: () => Effect.succeed(Option.none()),
      truncate: (length = 0) =>
        Effect.sync(() => {
          file.bytes = file.bytes.slice(0, length)
        }),
      write: () => Effect.die("not used"),
      writeAll: (bytes) =>
        Effect.suspend(() => {
          const offset = cursor
          cursor += bytes.length
          return this.write(file, offset, bytes)
        })
    }
  }
}

const fails = (tag: SystemErrorTag, description?: string): Effect.Effect<never, PlatformError> =>
  Effect.fail(systemError({ _tag: tag, module: "FileSystem", method: "write", description }))
