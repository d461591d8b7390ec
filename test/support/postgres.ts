// The PostgreSQL that tests may find on their machine.
import * as PgClient from "@effect/sql-pg/PgClient"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as SqlClient from "effect/sql/SqlClient"

/** At its own port, or at one that leads there. */
export const postgres = (port = 5432) =>
  PgClient.layer({
    host: "127.0.0.1",
    port,
    username: "postgres",
    password: Redacted.make("postgres"),
    database: "test",
    maxConnections: 3
  })

/** Takes away what a store has left. */
export const dropTables = (table: string) =>
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    yield* sql`DROP TABLE IF EXISTS ${sql(table)}`
    yield* sql`DROP TABLE IF EXISTS ${sql(`${table}_message`)}`
  }).pipe(Effect.provide(postgres()))
