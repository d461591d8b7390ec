import { it } from "@effect/vitest"
import { Effect, FileSystem } from "effect"
import type { Scope } from "effect"
import { spawnSync } from "node:child_process"
import { lstatSync } from "node:fs"
import { describe, expect } from "vitest"
import { claim, presence } from "../../../src/cli/daemon/claim.ts"
import { self } from "../../../src/cli/daemon/identity.ts"
import * as pidFile from "../../../src/cli/daemon/pidFile.ts"
import { type Place, placeIn } from "../../../src/cli/daemon/place.ts"
import * as platform from "../../support/nodePlatform.ts"

const inFolder = <A, E>(
  test: (place: Place, fs: FileSystem.FileSystem) => Effect.Effect<A, E, platform.Platform | Scope.Scope>
) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    return yield* test(placeIn(yield* fs.makeTempDirectoryScoped(), "feed"), fs)
  }).pipe(Effect.provide(platform.layer))

/** A socket of a process that was killed: it is bound, and nobody listens. */
const leaveStale = (socket: string): void => {
  const script = `require("node:net").createServer().listen(${
    JSON.stringify(socket)
  }, () => process.kill(process.pid, 9))`
  spawnSync(process.execPath, ["--eval", script])
}

describe("the control socket", () => {
  it.live("is 0600, with a pidfile beside it, and leaves nothing", () =>
    inFolder((place, fs) =>
      Effect.gen(function*() {
        const before = process.umask()
        yield* Effect.scoped(Effect.gen(function*() {
          yield* claim(place, { config: "/etc/feed.toml" })
          expect(lstatSync(place.socket).mode & 0o777).toBe(0o600)
          expect(process.umask()).toBe(before)
          expect(yield* presence(place.socket)).toBe("alive")
          expect(yield* pidFile.read(place.pidFile)).toEqual({ ...(yield* self), launch: { config: "/etc/feed.toml" } })
          expect((yield* fs.readDirectory(place.folder)).toSorted()).toEqual(["feed.pid", "feed.sock"])
        }))
        expect(yield* presence(place.socket)).toBe("nothing")
        expect(yield* fs.readDirectory(place.folder)).toEqual([])
      })
    ))

  it.live("is the lock: who comes second is told who was first", () =>
    inFolder((place) =>
      Effect.gen(function*() {
        yield* claim(place)
        const refused = yield* Effect.flip(claim(place))
        expect(refused).toMatchObject({ exit: "alreadyRunning" })
        expect(refused.message).toContain(`pid ${process.pid}`)
        expect(yield* presence(place.socket)).toBe("alive")
      })
    ))

  it.live("goes on where connections could not be taken", () =>
    inFolder((place) =>
      Effect.gen(function*() {
        const { server } = yield* claim(place)
        server.emit("error", new Error("accept EPROTO"))
        server.emit("error", new Error("accept EPROTO"))
        expect(yield* presence(place.socket)).toBe("alive")
      })
    ))

  it.live("of a killed process is replaced, by exactly one of many", () =>
    inFolder((place) =>
      Effect.gen(function*() {
        leaveStale(place.socket)
        expect(yield* presence(place.socket)).toBe("stale")
        yield* pidFile.write(place.pidFile, { pid: 4711, birth: "another boot/1" })
        const results = yield* Effect.all(Array.from({ length: 10 }, () => Effect.result(claim(place))), {
          concurrency: "unbounded"
        })
        const losers = results.flatMap((result) => result._tag === "Failure" ? [result.failure] : [])
        expect(losers.map(({ exit }) => exit)).toEqual(Array.from({ length: 9 }, () => "alreadyRunning"))
        expect(losers[0]?.message).toContain(`pid ${process.pid}`)
      })
    ))

  it.live("is not taken where a file that is no socket is in the way", () =>
    inFolder((place, fs) =>
      Effect.gen(function*() {
        yield* fs.writeFileString(place.socket, "precious")
        const refused = yield* Effect.flip(claim(place))
        expect(refused.exit).toBe("failure")
        expect(refused.message).toContain("no socket")
        expect(yield* fs.readFileString(place.socket)).toBe("precious")
        yield* fs.remove(place.socket)
        yield* fs.symlink("/nowhere", place.socket)
        expect((yield* Effect.flip(claim(place))).message).toContain("no socket")
      })
    ))

  it.live("is not taken where its owner lives, though somebody has removed the socket", () =>
    inFolder((place, fs) =>
      Effect.gen(function*() {
        const other = yield* Effect.acquireRelease(
          Effect.sync(() => spawnSync("sh", ["-c", "sleep 60 >/dev/null 2>&1 & echo $!"]).stdout.toString()),
          (pid) => Effect.sync(() => process.kill(Number(pid), "SIGKILL"))
        )
        const identity = yield* Effect.promise(() => import("../../../src/cli/daemon/identity.ts"))
        yield* pidFile.write(place.pidFile, (yield* identity.identify(Number(other)))!)
        const refused = yield* Effect.flip(claim(place))
        expect(refused.exit).toBe("alreadyRunning")
        expect(refused.advice).toContain("stop --force feed")
        expect(yield* fs.exists(place.socket)).toBe(false)
      })
    ))

  it.live("has a path that fits, and a name that is one", () =>
    inFolder((place) =>
      Effect.gen(function*() {
        expect(yield* Effect.flip(claim(placeIn(place.folder, "x".repeat(100))))).toMatchObject({ exit: "usage" })
        const long = placeIn(`${place.folder}/${"d".repeat(100)}`, "feed")
        expect((yield* Effect.flip(claim(long))).message).toContain("bytes")
      })
    ))
})
