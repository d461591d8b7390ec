// The proof: a process is killed ten times while it sends ten thousand messages, and nobody is the wiser.
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Random from "effect/Random"
import { build, stop } from "esbuild"
import { spawn } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll } from "vitest"
import * as Outbox from "../../src/outbox/Outbox.ts"
import * as OutboxStore from "../../src/outbox/OutboxStore.ts"
import { requires } from "../setup/requirements.ts"
import { inFlight, options, overSocket, type Receiver, receiver } from "../support/numbered.ts"

const total = 10_000
const kills = 10

// As one bundle, since a process from the sources takes a second to start, and is killed soon after.
const folder = mkdtempSync(join(tmpdir(), "holdfast-sender-"))
const sender = join(folder, "sender.mjs")
beforeAll(async () => {
  await build({
    entryPoints: [fileURLToPath(new URL("fixtures/sender.ts", import.meta.url))],
    outdir: folder,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    external: ["pg-native"],
    banner: { js: "import { createRequire } from \"node:module\"; const require = createRequire(import.meta.url);" },
    logLevel: "error"
  })
  await stop()
})
afterAll(() => rmSync(folder, { recursive: true }))

/** After how many messages each kill comes, and how many milliseconds later. */
const moments = Effect.fnUntraced(function*(longest: number) {
  const seed = yield* Random.nextIntBetween(0, 2 ** 31)
  const drawn = yield* Effect.all(
    Array.from(
      { length: kills },
      () => Effect.all([Random.nextIntBetween(1, total - 1000), Random.nextIntBetween(0, longest)])
    )
  ).pipe(Random.withSeed(seed))
  return { seed, drawn: drawn.toSorted(([a], [b]) => a - b) }
})

/** Runs until it has ended, or was killed. */
const run = (args: ReadonlyArray<string>) =>
  Effect.callback<{ readonly code: number | null; readonly said: string }>((resume) => {
    const child = spawn(process.execPath, [sender, ...args], { stdio: ["ignore", "pipe", "pipe"] })
    let said = ""
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => void (said += String(chunk)))
    child.on("close", (code) => resume(Effect.succeed({ code, said })))
    return Effect.callback<void>((done) => {
      if (child.exitCode !== null || child.signalCode !== null) return done(Effect.void)
      child.on("close", () => done(Effect.void))
      child.kill("SIGKILL")
    })
  })

const judge = (peer: Receiver, seed: number) => {
  const told = `seed ${seed}, came again: ${peer.again.join(" ")}`
  assert.deepStrictEqual(peer.complaints, [], told)
  assert.isAtLeast(peer.received.size, total, told)
  for (const again of peer.again) assert.isAtMost(again, inFlight, told)
  assert.isAbove(peer.again.reduce((sum, again) => sum + again), 0, told)
  assert.strictEqual(peer.again.length, kills + 1, told)
}

const survives = (kind: "file" | "sql" | "redis", where: string) =>
  Effect.gen(function*() {
    const peer = yield* receiver
    const folder = mkdtempSync(join(tmpdir(), "holdfast-crash-"))
    yield* Effect.addFinalizer(() => Effect.sync(() => rmSync(folder, { recursive: true })))
    const record = join(folder, "accepted")
    const args = [kind, peer.url, kind === "file" ? join(folder, "store") : where, String(total), record]
    const { drawn, seed } = yield* moments(20)
    for (const [count, delay] of drawn) {
      const child = yield* Effect.forkScoped(run(args), { startImmediately: true })
      // A process that ends by itself would otherwise be waited for.
      yield* Effect.raceFirst(
        Effect.andThen(peer.has(Math.max(count, peer.received.size + 1)), Effect.sleep(delay)),
        Effect.flatMap(Fiber.join(child), ({ said }) =>
          Effect.die(new Error(`it ended by itself (seed ${seed}):\n${said}`)))
      )
      yield* Fiber.interrupt(child)
    }
    const { code, said } = yield* run(args)
    assert.strictEqual(code, 0, said)
    judge(peer, seed)
    const accepted = readFileSync(record, "utf8").split("\n").filter((line) =>
      line !== ""
    )
    assert.isAbove(accepted.length, total - kills * 200)
    for (const line of accepted) {
      const [id = "", text] = line.split(" ")
      assert.strictEqual(peer.received.get(id), text, `${id} was accepted (seed ${seed})`)
    }
  }).pipe(Effect.scoped)

describe("ten thousand messages from a process that is killed ten times", () => {
  const unique = `crash_${process.pid.toString(36)}`

  it.live("arrive, with layerFile", () => survives("file", ""))

  it.live.skipIf(!requires("postgres").available)("arrive, with layerSql on PostgreSQL", () =>
    Effect.gen(function*() {
      const { dropTables } = yield* Effect.promise(() => import("../support/postgres.ts"))
      yield* Effect.ensuring(survives("sql", unique), Effect.orDie(dropTables(unique)))
    }))

  it.live.skipIf(!requires("redis").available)("arrive, with layerRedis", () =>
    Effect.gen(function*() {
      const { dropKeys } = yield* Effect.promise(() => import("../support/redis.ts"))
      yield* Effect.ensuring(survives("redis", unique), Effect.orDie(dropKeys(unique)))
    }))
})

it.live("ten thousand messages over a connection that is lost ten times arrive, with layerMemory", () =>
  Effect.gen(function*() {
    const peer = yield* receiver
    const { drawn, seed } = yield* moments(3)
    const outbox = yield* Outbox.make({ ...options, protocol: yield* overSocket(peer.url) })
    yield* Effect.forkScoped(Effect.forEach(drawn, ([count, delay]) =>
      Effect.andThen(
        Effect.andThen(peer.has(Math.max(count, peer.received.size + 1)), Effect.sleep(delay)),
        peer.drop
      )))
    yield* Effect.forEach(Array.from({ length: total }), (_, index) => outbox.send({ text: `${index}` }), {
      concurrency: 32,
      discard: true
    })
    yield* outbox.awaitEmpty
    judge(peer, seed)
  }).pipe(Effect.provide(OutboxStore.layerMemory), Effect.scoped))
