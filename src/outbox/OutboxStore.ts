/**
 * Where an outbox keeps its messages: in memory, in a file, in a database, in
 * Redis, or where you like.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Redis from "effect/persistence/Redis"
import type * as Scope from "effect/Scope"
import * as SqlClient from "effect/sql/SqlClient"
import * as fileStore from "./internal/fileStore.ts"
import type { OutboxLog, OutboxStoreError } from "./internal/log.ts"
import * as memoryStore from "./internal/memoryStore.ts"
import * as redisStore from "./internal/redisStore.ts"
import * as sqlStore from "./internal/sqlStore.ts"

export { type Entry, Operation, type OutboxLog, OutboxStoreError } from "./internal/log.ts"

/** What a store can do. */
export interface OutboxStoreService {
  /**
   * The messages of the outbox of this name, which is created where it does not
   * exist, for its one owner, until the scope closes.
   */
  readonly open: (name: string) => Effect.Effect<OutboxLog, OutboxStoreError, Scope.Scope>
}

/** **Service**: keeps messages until they are acknowledged. One store may keep many outboxes, by their names. */
export class OutboxStore extends Context.Service<OutboxStore, OutboxStoreService>()("holdfast/OutboxStore") {}

/**
 * Keeps messages as long as the layer lives: they survive lost connections, and
 * no crash. A second owner of a name fences the first.
 */
export const layerMemory: Layer.Layer<OutboxStore> = Layer.effect(
  OutboxStore,
  Effect.sync(() => {
    const kept = memoryStore.empty()
    return { open: (name) => memoryStore.open(kept, name) }
  })
)

/** Options of `layerFile`. */
export interface FileOptions {
  /** A directory of a local disk; created where it is missing. Each outbox has a file in it, and a lock. */
  readonly directory: string
  /** Bytes above which a file is written anew once more than half of it is of no use any more. Default 1 048 576. */
  readonly compactAbove?: number | undefined
}

/**
 * Keeps each outbox in a file, `<name>.outbox`, that is only ever appended to:
 * one write and one `fsync` for each batch, whatever its size.
 *
 * **Details**
 *
 * All frames have checksums. What a crash left unfinished was never accepted; it
 * is cut when the file is opened, with a warning. Any other damage fails the
 * opening with `retryable: false`, and changes nothing. Acknowledgements are
 * written at once, but reach the disk with the next batch: after a power failure,
 * more may be sent again.
 *
 * A lock, `<name>.lock`, names the process that owns the outbox. A second process
 * is refused while the first lives; what a dead one left is taken over.
 *
 * **Gotchas**
 *
 * Containers that share a volume do not see each other's processes: there the
 * newest owner fences the one before, which notices it before its next write.
 */
export const layerFile = (options: FileOptions): Layer.Layer<OutboxStore, never, FileSystem.FileSystem> =>
  Layer.effect(
    OutboxStore,
    Effect.map(FileSystem.FileSystem, (fs) => {
      const checked = { directory: options.directory, compactAbove: options.compactAbove ?? 1024 * 1024 }
      return { open: (name: string) => fileStore.open(fs, checked, name) }
    })
  )

/** Options of `layerSql`. */
export interface SqlOptions {
  /** The table of the outboxes; their messages are in a second one, with `_message` appended. Default "holdfast_outbox". */
  readonly table?: string | undefined
}

/**
 * Keeps outboxes in a database, in two tables that are created where they are
 * missing. For PostgreSQL, on which it is tested; written for MySQL and SQLite too.
 *
 * **Details**
 *
 * A batch is one transaction. A second owner of a name fences the first, in the
 * same transactions: whatever the first tries from then on fails with `retryable:
 * false`. So a new process need not wait for a lease of a dead one.
 */
export const layerSql = (options?: SqlOptions): Layer.Layer<OutboxStore, never, SqlClient.SqlClient> =>
  Layer.effect(
    OutboxStore,
    Effect.map(SqlClient.SqlClient, (sql) => {
      const store = sqlStore.make(sql.withoutTransforms(), options?.table ?? "holdfast_outbox")
      return { open: store.open }
    })
  )

/** Options of `layerRedis`. */
export interface RedisOptions {
  /** Of the two keys of each outbox, `<prefix>:{<name>}:owner` and `<prefix>:{<name>}:messages`. Default "holdfast:outbox". */
  readonly prefix?: string | undefined
}

/**
 * Keeps outboxes in Redis. Each operation is one Lua script, and so atomic. A
 * second owner of a name fences the first.
 *
 * **Gotchas**
 *
 * Messages are as durable as Redis is told to be: with `appendonly yes` and
 * `appendfsync always`, what was accepted survives a crash of Redis too; by
 * default its last second may be lost. An eviction policy that drops keys without
 * a time to live drops messages.
 */
export const layerRedis = (options?: RedisOptions): Layer.Layer<OutboxStore, never, Redis.Redis> =>
  Layer.effect(
    OutboxStore,
    Effect.map(Redis.Redis, (redis) => {
      const prefix = options?.prefix ?? "holdfast:outbox"
      return { open: (name: string) => redisStore.open(redis, prefix, name) }
    })
  )
