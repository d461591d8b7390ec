import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as SqlClient from "effect/sql/SqlClient"
import { make } from "../../../src/outbox/internal/sqlStore.ts"
import { requires } from "../../setup/requirements.ts"
import { dropTables, postgres } from "../../support/postgres.ts"

describe.skipIf(!requires("postgres").available)("the store in PostgreSQL", () => {
  const unique = `sql_${process.pid.toString(36)}`

  it.live("creates its tables once, however many do so at the same time", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const stores = Array.from({ length: 8 }, () => make(sql, `${unique}_race`))
      yield* Effect.forEach(stores, (store, index) => store.open(`outbox ${index}`), { concurrency: "unbounded" })
    }).pipe(Effect.provide(postgres()), Effect.ensuring(Effect.orDie(dropTables(`${unique}_race`)))))

  it.live("has one owner, of two that append at once, and stores nothing of the other's", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const store = make(sql, unique)
      const first = yield* store.open("orders")
      const second = yield* store.open("orders")
      const [fenced, stored] = yield* Effect.all([
        Effect.result(first.append(1, ["\"first\""])),
        Effect.result(second.append(1, ["\"second\""]))
      ], { concurrency: 2 })
      assert.strictEqual(fenced._tag, "Failure")
      assert.strictEqual(stored._tag, "Success")
      assert.deepStrictEqual(yield* second.read(0, 10), [{ sequence: 1, payload: "\"second\"" }])
    }).pipe(Effect.provide(postgres()), Effect.ensuring(Effect.orDie(dropTables(unique)))))

  it.live("needs somebody's help where the table is another", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      yield* sql`CREATE TABLE ${sql(`${unique}_other`)} (what TEXT)`
      const error = yield* Effect.flip(make(sql, `${unique}_other`).open("orders"))
      assert.isFalse(error.retryable)
      assert.strictEqual(error.operation, "open")
    }).pipe(Effect.provide(postgres()), Effect.ensuring(Effect.orDie(dropTables(`${unique}_other`)))))
})
