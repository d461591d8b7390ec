import { it } from "@effect/vitest"
import { Deferred, Effect, FileSystem } from "effect"
import type { Scope } from "effect"
import { statSync } from "node:fs"
import { connect as dial } from "node:net"
import { join } from "node:path"
import { describe, expect } from "vitest"
import { ask } from "../../../src/cli/daemon/controlClient.ts"
import { type ControlActions, serveControl } from "../../../src/cli/daemon/controlServer.ts"
import { type Place, placeIn } from "../../../src/cli/daemon/place.ts"
import { failure } from "../../../src/cli/failure.ts"
import { Fleet, UnknownConnection } from "../../../src/cli/fleet/Fleet.ts"
import { ConnectionError, HandshakeRejected } from "../../../src/ConnectionError.ts"
import * as platform from "../../support/nodePlatform.ts"
import { quietFleet } from "../../support/quietFleet.ts"
import { report } from "../../support/reports.ts"

const actions: ControlActions = {
  name: "feed",
  config: "/etc/feed.toml",
  applied: Effect.void,
  reload: Effect.succeed({ added: ["b"], changed: [], removed: [], unchanged: ["a"] }),
  stop: Effect.void
}

const served = <A, E>(
  fleet: Fleet["Service"],
  changes: Partial<ControlActions>,
  test: (place: Place) => Effect.Effect<A, E, platform.Platform | Scope.Scope>
) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const place = placeIn(yield* fs.makeTempDirectoryScoped(), "feed")
    yield* Effect.provideService(serveControl(place.socket, { ...actions, ...changes }), Fleet, fleet)
    return yield* test(place)
  }).pipe(Effect.provide(platform.layer))

describe("the control socket of a fleet", () => {
  it.live("tells what the fleet tells", () =>
    served(quietFleet([report({ name: "a" })]), {}, (place) =>
      Effect.gen(function*() {
        expect(statSync(place.socket).mode & 0o777).toBe(0o600)
        expect(yield* ask(place, { _tag: "Status" })).toMatchObject({
          name: "feed",
          state: "running",
          pid: process.pid,
          config: "/etc/feed.toml",
          connections: [report({ name: "a" })]
        })
        expect(yield* ask(place, { _tag: "Reload" })).toMatchObject({ added: ["b"] })
      })))

  it.live("is starting until the connections are there and have been open", () =>
    Effect.gen(function*() {
      const applied = yield* Deferred.make<void>()
      yield* served(quietFleet(), { applied: Deferred.await(applied) }, (place) =>
        Effect.gen(function*() {
          expect((yield* ask(place, { _tag: "Status" })).state).toBe("starting")
          expect(yield* Effect.flip(ask(place, { _tag: "Started" }, 50))).toMatchObject({ exit: "timeout" })
          yield* Deferred.succeed(applied, undefined)
          expect(yield* ask(place, { _tag: "Started" })).toEqual({})
          expect((yield* ask(place, { _tag: "Status" })).state).toBe("running")
        }))
    }))

  it.live("says which connection failed, and how often it was tried", () => {
    const error = new ConnectionError({ reason: new HandshakeRejected({ status: 503 }) })
    const fleet = quietFleet([report({ name: "a", dials: 4 })], { started: Effect.fail({ connection: "a", error }) })
    return served(fleet, {}, (place) =>
      Effect.gen(function*() {
        const failed = yield* Effect.flip(ask(place, { _tag: "Started" }))
        expect(failed.exit).toBe("gaveUp")
        expect(failed.message).toMatch(/^a: Gave up after 4 dials/)
      }))
  })

  it.live("sends to the connection that is meant, or to the only one", () => {
    const sent: Array<readonly [string, unknown]> = []
    const fleet = quietFleet([report({ name: "a" })], {
      send: (name, message) =>
        name === "a"
          ? Effect.sync(() => void sent.push([name, message]))
          : Effect.fail(new UnknownConnection({ name, known: ["a"] }))
    })
    return served(fleet, {}, (place) =>
      Effect.gen(function*() {
        yield* ask(place, { _tag: "Send", text: "one" })
        yield* ask(place, { _tag: "Send", connection: "a", binary: "AP8=" })
        expect(sent).toEqual([["a", "one"], ["a", Buffer.of(0, 255)]])
        expect(yield* Effect.flip(ask(place, { _tag: "Send", connection: "b", text: "" }))).toMatchObject({
          exit: "usage",
          message: expect.stringContaining("There are: a.")
        })
      }))
  })

  it.live("passes on what cannot be done", () => {
    const fleet = quietFleet([report(), report({ name: "b" })], {
      reconnect: () => Effect.fail(failure("config", "it cannot be")),
      close: () => Effect.fail(new UnknownConnection({ name: "c", known: [] }))
    })
    return served(fleet, { reload: Effect.fail(failure("config", "line 3")) }, (place) =>
      Effect.gen(function*() {
        expect(yield* Effect.flip(ask(place, { _tag: "Reload" }))).toMatchObject({ exit: "config", message: "line 3" })
        expect(yield* Effect.flip(ask(place, { _tag: "Reconnect", connection: "feed" })))
          .toMatchObject({ exit: "config", message: "feed: it cannot be" })
        expect(yield* Effect.flip(ask(place, { _tag: "Close", connection: "c" }))).toMatchObject({ exit: "usage" })
        expect((yield* Effect.flip(ask(place, { _tag: "Send", text: "" }))).message).toContain("feed, b")
      }))
  })

  it.live("ends the service when asked to", () =>
    Effect.gen(function*() {
      const asked = yield* Deferred.make<void>()
      yield* served(quietFleet(), { stop: Effect.asVoid(Deferred.succeed(asked, undefined)) }, (place) =>
        Effect.gen(function*() {
          yield* ask(place, { _tag: "Stop" })
          yield* Deferred.await(asked)
          expect((yield* ask(place, { _tag: "Status" })).state).toBe("stopping")
        }))
    }))

  it.live("answers whoever speaks JSON, line by line", () =>
    served(quietFleet(), {}, (place) =>
      Effect.gen(function*() {
        const said = yield* Effect.callback<string>((resume) => {
          let text = ""
          const socket = dial(
            place.socket,
            () => socket.write("hello\n{\"holdfast\":1,\"id\":5,\"request\":{\"_tag\":\"Started\"}}\n")
          )
          socket.on("data", (chunk) => {
            text += String(chunk)
            if (text.split("\n").length > 2) {
              socket.destroy()
              resume(Effect.succeed(text))
            }
          })
        })
        const [first, second] = said.trim().split("\n").map((line) => JSON.parse(line))
        expect(first).toMatchObject({ holdfast: 1, id: 0, failure: { exit: "usage" } })
        expect(second).toEqual({ holdfast: 1, id: 5, reply: {} })
      })))

  it.live("is there once", () =>
    served(quietFleet(), {}, (place) =>
      Effect.gen(function*() {
        const again = serveControl(join(place.folder, "feed.sock"), actions)
        expect(yield* Effect.flip(Effect.provideService(again, Fleet, quietFleet()))).toMatchObject({
          exit: "alreadyRunning"
        })
      })))
})
