import { it } from "@effect/vitest"
import { Effect, FileSystem } from "effect"
import { writeFileSync } from "node:fs"
import { describe, expect } from "vitest"
import { conditionOf, failureOf, recordOf } from "../../../src/cli/daemon/condition.ts"
import { serveControl } from "../../../src/cli/daemon/controlServer.ts"
import { self } from "../../../src/cli/daemon/identity.ts"
import * as lastEnd from "../../../src/cli/daemon/lastEnd.ts"
import { placeIn } from "../../../src/cli/daemon/place.ts"
import { Fleet } from "../../../src/cli/fleet/Fleet.ts"
import * as platform from "../../support/nodePlatform.ts"
import { quietFleet } from "../../support/quietFleet.ts"

const place = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  return placeIn(yield* fs.makeTempDirectoryScoped(), "feed")
})
const dead = { pid: 4711, birth: "another boot/1", launch: undefined }

describe("the condition of a daemon", () => {
  it.live("is running where it answers", () =>
    Effect.gen(function*() {
      const feed = yield* place
      yield* serveControl(feed.socket, {
        name: "feed",
        config: "/etc/feed.toml",
        applied: Effect.void,
        reload: Effect.die("not asked"),
        stop: Effect.void
      }).pipe(Effect.provideService(Fleet, quietFleet()))
      const condition = yield* conditionOf({ place: feed, pidFile: undefined })
      expect(condition).toMatchObject({ _tag: "running", report: { pid: process.pid } })
      expect(failureOf(condition)).toBeUndefined()
      expect(recordOf(condition)).toMatchObject({ name: "feed", state: "running" })
    }).pipe(Effect.provide(platform.layer)))

  it.live("is stopped where there is nothing", () =>
    Effect.gen(function*() {
      const condition = yield* conditionOf({ place: yield* place, pidFile: undefined })
      expect(condition).toEqual({ _tag: "stopped", name: "feed" })
      expect(failureOf(condition)?.exitCode).toBe(3)
      expect(recordOf(condition)).toEqual({ name: "feed", state: "stopped" })
    }).pipe(Effect.provide(platform.layer)))

  it.live("is dead where a pidfile was left, with the cause where that was left, too", () =>
    Effect.gen(function*() {
      const feed = yield* place
      const plain = yield* conditionOf({ place: feed, pidFile: dead })
      expect(plain).toMatchObject({ _tag: "dead", pid: 4711 })
      expect(failureOf(plain)).toMatchObject({ exitCode: 1, message: expect.stringContaining("process 4711 is gone") })
      expect(yield* conditionOf({ place: feed, pidFile: "unreadable" })).toMatchObject({ _tag: "dead", pid: undefined })
      yield* lastEnd.write(feed.lastEnd, {
        end: { at: "2026-01-01T00:00:00.000Z", message: "killed", stderr: [] },
        message: "It is not started again.",
        restarts: 5,
        config: "/etc/feed.toml",
        log: "/var/log/feed.log"
      })
      const told = yield* conditionOf({ place: feed, pidFile: dead })
      expect(failureOf(told)).toMatchObject({ exitCode: 1, message: "It is not started again." })
      expect(recordOf(told)).toMatchObject({ state: "dead", restarts: 5 })
    }).pipe(Effect.provide(platform.layer)))

  it.live("is unknown where its process lives and does not answer", () =>
    Effect.gen(function*() {
      const feed = yield* place
      writeFileSync(feed.socket, "")
      const condition = yield* conditionOf({ place: feed, pidFile: { ...(yield* self), launch: undefined } })
      expect(condition).toMatchObject({ _tag: "unknown", message: expect.stringContaining(`${process.pid}`) })
      expect(failureOf(condition)?.exitCode).toBe(4)
      expect(recordOf(condition)).toMatchObject({ state: "unknown" })
    }).pipe(Effect.provide(platform.layer)))
})
