// A disk that is full and databases that are lost, for real: sends wait, and go on by themselves.
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { spawnSync } from "node:child_process"
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Outbox from "../../src/outbox/Outbox.ts"
import * as OutboxStore from "../../src/outbox/OutboxStore.ts"
import { requires } from "../setup/requirements.ts"
import { options, overSocket, receiver } from "../support/numbered.ts"
import * as tcpProxy from "../support/tcpProxy.ts"

const unique = `recovery_${process.pid.toString(36)}`

const until = <M>(outbox: Outbox.OutboxService<M>, tag: Outbox.OutboxStatus["_tag"]) =>
  Stream.runHead(Stream.filter(outbox.changes, ({ _tag }) => _tag === tag))

/** Sends on and on; breaks the store, waits until the status says so, mends it, and looks for what was accepted. */
const recovers = <E>(
  store: Layer.Layer<OutboxStore.OutboxStore, E>,
  world: { readonly wreck: Effect.Effect<void>; readonly mend: Effect.Effect<void>; readonly says: RegExp }
) =>
  Effect.gen(function*() {
    const peer = yield* receiver
    const outbox = yield* Outbox.make({ ...options, storeTimeout: "2 seconds", protocol: yield* overSocket(peer.url) })
    const accepted = new Map<string, string>()
    let count = 0
    let stop = false
    const sending = yield* Effect.gen(function*() {
      while (!stop) {
        const text = `${++count} ${"x".repeat(1000)}`
        accepted.set(yield* outbox.send({ text }), text)
      }
    }).pipe(
      (one) => Effect.all(Array.from({ length: 20 }, () => one), { concurrency: "unbounded", discard: true }),
      Effect.forkScoped
    )
    yield* peer.has(100)
    yield* world.wreck
    const suspended = yield* until(outbox, "Suspended")
    if (suspended._tag === "None" || suspended.value._tag !== "Suspended") return assert.fail("it was not suspended")
    assert.match(suspended.value.cause.message, world.says)
    assert.isUndefined(sending.pollUnsafe())
    // A send that waits can be given up.
    yield* Fiber.interrupt(yield* Effect.forkScoped(outbox.send({ text: "never" }), { startImmediately: true }))
    const before = peer.received.size
    yield* world.mend
    yield* until(outbox, "Running")
    yield* peer.has(Math.max(before, accepted.size) + 100)
    stop = true
    yield* Fiber.join(sending)
    yield* outbox.awaitEmpty
    assert.deepStrictEqual(peer.complaints, [])
    assert.strictEqual(peer.received.size, accepted.size)
    for (const [id, text] of accepted) assert.strictEqual(peer.received.get(id), text)
  }).pipe(Effect.provide(store), Effect.scoped)

describe("a full disk", () => {
  it.live.skipIf(!requires("tmpfs").available)(
    "suspends, and goes on once there is room",
    () =>
      Effect.gen(function*() {
        const disk = yield* Effect.acquireRelease(
          Effect.sync(() => {
            const folder = mkdtempSync(join(tmpdir(), "holdfast-disk-"))
            spawnSync("mount", ["-t", "tmpfs", "-o", "size=2m", "tmpfs", folder])
            return folder
          }),
          (folder) =>
            Effect.sync(() => {
              spawnSync("umount", [folder])
              rmSync(folder, { recursive: true })
            })
        )
        const ballast = join(disk, "ballast")
        yield* recovers(
          Layer.provide(
            OutboxStore.layerFile({ directory: join(disk, "box"), compactAbove: 128 * 1024 }),
            NodeFileSystem.layer
          ),
          {
            says: /ENOSPC/,
            wreck: Effect.sync(() => {
              for (let size = 1024 * 1024; size >= 1024; size /= 2) {
                try {
                  while (true) writeFileSync(ballast, Buffer.alloc(size), { flag: "a" })
                } catch {
                  // That much has no room any more.
                }
              }
            }),
            mend: Effect.sync(() => truncateSync(ballast, 0))
          }
        )
      }).pipe(Effect.scoped)
  )
})

describe("a lost database", () => {
  it.live.skipIf(!requires("postgres").available)(
    "suspends, and goes on once it is back: PostgreSQL",
    () =>
      Effect.gen(function*() {
        const { dropTables, postgres } = yield* Effect.promise(() => import("../support/postgres.ts"))
        const wire = yield* tcpProxy.make(5432)
        yield* Effect.ensuring(
          recovers(Layer.provide(OutboxStore.layerSql({ table: unique }), postgres(wire.port)), {
            says: /could not (append|ack|read)/,
            wreck: wire.refuse,
            mend: wire.mend
          }),
          Effect.orDie(dropTables(unique))
        )
      }).pipe(Effect.scoped)
  )

  it.live.skipIf(!requires("postgres").available)(
    "that says nothing any more suspends too, and goes on over a new connection",
    () =>
      Effect.gen(function*() {
        const { dropTables, postgres } = yield* Effect.promise(() => import("../support/postgres.ts"))
        const wire = yield* tcpProxy.make(5432)
        const table = `${unique}_mute`
        yield* Effect.ensuring(
          recovers(Layer.provide(OutboxStore.layerSql({ table }), postgres(wire.port)), {
            says: /no answer within 2s/,
            wreck: wire.swallow,
            mend: wire.cut("reset")
          }),
          Effect.orDie(dropTables(table))
        )
      }).pipe(Effect.scoped)
  )

  it.live.skipIf(!requires("redis").available)(
    "suspends, and goes on once it is back: Redis",
    () =>
      Effect.gen(function*() {
        const { dropKeys, redis } = yield* Effect.promise(() => import("../support/redis.ts"))
        const wire = yield* tcpProxy.make(6379)
        yield* Effect.ensuring(
          recovers(Layer.provide(OutboxStore.layerRedis({ prefix: unique }), redis(wire.port)), {
            says: /could not (append|ack|read)/,
            wreck: wire.refuse,
            mend: wire.mend
          }),
          Effect.orDie(dropKeys(unique))
        )
      }).pipe(Effect.scoped)
  )
})
