// The stores that survive a process, over what they are meant for.
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll } from "vitest"
import * as OutboxStore from "../../src/outbox/OutboxStore.ts"
import { requires } from "../setup/requirements.ts"
import { behavesAsAStore } from "../suites/outboxStore.ts"
import { dropTables, postgres } from "../support/postgres.ts"
import { dropKeys, redis } from "../support/redis.ts"

const unique = `t${process.pid.toString(36)}`
let names = 0
const name = () => `store-${unique}-${++names}`
const from = <E>(layer: Layer.Layer<OutboxStore.OutboxStore, E>) =>
  Effect.map(Layer.build(layer), (context) => Effect.runSync(Effect.provideContext(OutboxStore.OutboxStore, context)))

describe("layerFile", () => {
  const directory = mkdtempSync(join(tmpdir(), "holdfast-outbox-"))
  afterAll(() => rmSync(directory, { recursive: true }))
  behavesAsAStore({
    open: from(Layer.provide(OutboxStore.layerFile({ directory: `${directory}/new` }), NodeFileSystem.layer)),
    name,
    secondOwner: "refused"
  })
})

describe.skipIf(!requires("postgres").available)("layerSql, on PostgreSQL", () => {
  const table = `outbox_${unique}`
  afterAll(() => Effect.runPromise(dropTables(table)))
  behavesAsAStore({
    open: from(Layer.provide(OutboxStore.layerSql({ table }), postgres())),
    name,
    secondOwner: "fences"
  })
})

describe.skipIf(!requires("redis").available)("layerRedis", () => {
  const prefix = `outbox:${unique}`
  afterAll(() => Effect.runPromise(dropKeys(prefix)))
  behavesAsAStore({
    open: from(Layer.provide(OutboxStore.layerRedis({ prefix }), redis())),
    name,
    secondOwner: "fences"
  })
})
