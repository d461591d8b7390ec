// The databases that tests may find on their machine, and what is left in them taken away.
import * as NodeRedis from "@effect/platform-node/NodeRedis"
import * as PgClient from "@effect/sql-pg/PgClient"
import * as Effect from "effect/Effect"
import * as Redis from "effect/persistence/Redis"
import * as Redacted from "effect/Redacted"
import * as SqlClient from "effect/sql/SqlClient"

/** PostgreSQL, at its own port or at one that leads there. */
export const postgres = (port = 5432) =>
  PgClient.layer({
    host: "127.0.0.1",
    port,
    username: "postgres",
    password: Redacted.make("postgres"),
    database: "test",
    maxConnections: 3
  })

/** Redis, at its own port or at one that leads there. */
export const redis = (port = 6379) => NodeRedis.layer({ socket: { host: "127.0.0.1", port } })

export const dropSql = (table: string) =>
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    yield* sql`DROP TABLE IF EXISTS ${sql(table)}`
    yield* sql`DROP TABLE IF EXISTS ${sql(`${table}_message`)}`
  }).pipe(Effect.provide(postgres()))

export const dropRedis = (prefix: string) =>
  Effect.gen(function*() {
    const { send } = yield* Redis.Redis
    const keys = yield* send<ReadonlyArray<string>>("KEYS", `${prefix}:*`)
    if (keys.length > 0) yield* send("DEL", ...keys)
  }).pipe(Effect.provide(redis()))
