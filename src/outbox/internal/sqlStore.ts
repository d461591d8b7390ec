/**
 * Outboxes in two tables: who owns each and which number comes next, and the
 * messages. The first one's row is locked by whoever changes anything.
 */
import * as Array from "effect/Array"
import * as Effect from "effect/Effect"
import type * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import { drawId } from "./identity.ts"
import { fenced, type Operation, type OutboxLog, OutboxStoreError, outOfTurn } from "./log.ts"

/** Nothing of this mends itself. The rest may, what the driver cannot classify included: a database that goes down says many things. */
const lasting: ReadonlySet<string> = new Set([
  "AuthenticationError",
  "AuthorizationError",
  "ConstraintError",
  "SqlSyntaxError"
])

const failedTo = (operation: Operation) => (error: SqlError | OutboxStoreError): OutboxStoreError =>
  error._tag === "OutboxStoreError"
    ? error
    : new OutboxStoreError({ operation, cause: error, retryable: !lasting.has(error.reason._tag) })

/** Drivers give large integers as numbers, strings or bigints. */
interface OwnerRow {
  readonly id: string
  readonly owner: number | string | bigint
  readonly next_sequence: number | string | bigint
}

interface MessageRow {
  readonly owner: OwnerRow["owner"]
  readonly sequence: number | string | bigint | null
  readonly payload: string | null
}

export const make = (sql: SqlClient.SqlClient, table: string) => {
  const owners = sql(table)
  const messages = sql(`${table}_message`)
  const isMysql = sql.onDialectOrElse({ mysql: () => true, orElse: () => false })
  // SQLite has one writer at a time anyway, and does not know it.
  const forUpdate = sql.onDialectOrElse({ sqlite: () => sql.literal(""), orElse: () => sql.literal("FOR UPDATE") })
  const longText = sql.literal(isMysql ? "LONGTEXT" : "TEXT")

  // Two who create the same table at once may still collide; then it is there.
  const createTables = Effect.retry(
    Effect.andThen(
      sql`CREATE TABLE IF NOT EXISTS ${owners} (
        name VARCHAR(255) NOT NULL PRIMARY KEY,
        id VARCHAR(32) NOT NULL,
        owner BIGINT NOT NULL,
        next_sequence BIGINT NOT NULL
      )`,
      sql`CREATE TABLE IF NOT EXISTS ${messages} (
        name VARCHAR(255) NOT NULL,
        sequence BIGINT NOT NULL,
        payload ${longText} NOT NULL,
        PRIMARY KEY (name, sequence)
      )`
    ),
    { times: 1 }
  )

  const lock = (name: string) =>
    sql<OwnerRow>`SELECT id, owner, next_sequence FROM ${owners} WHERE name = ${name} ${forUpdate}`

  const takeOver = Effect.fnUntraced(function*(name: string) {
    const id = yield* drawId
    yield* isMysql
      ? sql`INSERT IGNORE INTO ${owners} (name, id, owner, next_sequence) VALUES (${name}, ${id}, 0, 1)`
      : sql`INSERT INTO ${owners} (name, id, owner, next_sequence) VALUES (${name}, ${id}, 0, 1) ON CONFLICT DO NOTHING`
    yield* sql`UPDATE ${owners} SET owner = owner + 1 WHERE name = ${name}`
    const [row] = yield* lock(name)
    const [count] = yield* sql<{ readonly pending: number | string | bigint }>`
      SELECT COUNT(*) AS pending FROM ${messages} WHERE name = ${name}`
    return {
      id: row!.id,
      owner: Number(row!.owner),
      next: Number(row!.next_sequence),
      pending: Number(count!.pending)
    }
  })

  const append = Effect.fnUntraced(function*(
    name: string,
    owner: number,
    first: number,
    payloads: Array.NonEmptyReadonlyArray<string>
  ): Effect.fn.Return<void, SqlError | OutboxStoreError> {
    const [row] = yield* lock(name)
    if (row === undefined || Number(row.owner) !== owner) return yield* Effect.fail(fenced("append", name))
    const next = Number(row.next_sequence)
    if (first + payloads.length <= next) return
    if (first !== next) return yield* Effect.fail(outOfTurn(first, next))
    yield* sql`INSERT INTO ${messages} ${
      sql.insert(Array.map(payloads, (payload, index) => ({ name, sequence: first + index, payload })))
    }`
    yield* sql`UPDATE ${owners} SET next_sequence = ${first + payloads.length} WHERE name = ${name}`
  })

  const read = Effect.fnUntraced(function*(name: string, owner: number, from: number, limit: number) {
    const rows = yield* sql<MessageRow>`
      SELECT o.owner AS owner, m.sequence AS sequence, m.payload AS payload
      FROM ${owners} o LEFT JOIN ${messages} m ON m.name = o.name AND m.sequence >= ${from}
      WHERE o.name = ${name} ORDER BY m.sequence LIMIT ${sql.literal(String(Math.floor(limit)))}`
    if (rows[0] === undefined || Number(rows[0].owner) !== owner) return yield* Effect.fail(fenced("read", name))
    return rows.flatMap(({ payload, sequence }) =>
      payload === null || sequence === null ? [] : [{ sequence: Number(sequence), payload }]
    )
  })

  const ack = (name: string, sequences: ReadonlyArray<number>) =>
    sql`DELETE FROM ${messages} WHERE name = ${name} AND ${sql.in("sequence", sequences)}`

  const open = (name: string): Effect.Effect<OutboxLog, OutboxStoreError> =>
    Effect.andThen(createTables, sql.withTransaction(takeOver(name))).pipe(
      Effect.mapError(failedTo("open")),
      Effect.map(({ id, next, owner, pending }) => ({
        id,
        next,
        pending,
        append: (first, payloads) =>
          Effect.mapError(sql.withTransaction(append(name, owner, first, payloads)), failedTo("append")),
        read: (from, limit) => Effect.mapError(read(name, owner, from, limit), failedTo("read")),
        // A message that its peer has is of no use to a new owner either.
        ack: (sequences) =>
          sequences.length === 0
            ? Effect.void
            : Effect.asVoid(Effect.mapError(ack(name, sequences), failedTo("ack")))
      }))
    )

  return { open }
}
