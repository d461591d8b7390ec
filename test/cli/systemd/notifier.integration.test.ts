import * as NodeServices from "@effect/platform-node/NodeServices"
import { it } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { PassThrough } from "node:stream"
import { afterEach, describe, expect, vi } from "vitest"
import { Fleet } from "../../../src/cli/fleet/Fleet.ts"
import { make } from "../../../src/cli/fleet/make.ts"
import { make as makeOutput, Output } from "../../../src/cli/output.ts"
import { isReady, notifier } from "../../../src/cli/systemd/notifier.ts"
import * as Reconnect from "../../../src/Reconnect.ts"
import { requires } from "../../setup/requirements.ts"
import { notifySocket } from "../../support/notifySocket.ts"
import { report } from "../../support/reports.ts"
import * as wsServer from "../../support/wsServer.ts"

const socat = requires("socat")
const possible = socat.available && requires("systemd").available

afterEach(() => {
  vi.unstubAllEnvs()
})

const output = () => {
  const stderr = new PassThrough()
  return {
    said: () => String(stderr.read() ?? ""),
    layer: Layer.succeed(Output)(
      makeOutput({ json: false, level: "info", colours: "never", stdout: new PassThrough(), stderr })
    )
  }
}

const plan = (name: string, url: string) => ({
  name,
  fingerprint: url,
  options: { url, reconnect: { schedule: Reconnect.schedule({ first: "10 minutes" }) } },
  attach: () => Effect.void
})

const withNotifier = (fleet: Fleet["Service"], out = output().layer) =>
  notifier.pipe(Effect.provide([
    Layer.succeed(Fleet)(fleet),
    out,
    NodeServices.layer,
    // The default one reads the environment once.
    ConfigProvider.layer(ConfigProvider.fromEnv())
  ]))

describe("systemd", () => {
  it.live.skipIf(!possible)(
    "hears READY after the first open, each transition, and the end",
    () =>
      Effect.gen(function*() {
        const systemd = yield* notifySocket(socat.path ?? "")
        vi.stubEnv("NOTIFY_SOCKET", systemd.path)
        const server = yield* wsServer.echo()
        const fleet = yield* make
        const scope = yield* Scope.make()
        yield* fleet.apply([plan("feed", server.url)])
        yield* Scope.provide(withNotifier(fleet), scope)
        yield* systemd.hears("READY=1")
        yield* systemd.hears("STATUS=1 of 1 open")
        for (const client of server.server.clients) client.close(1012, "restart")
        yield* systemd.hears("STATUS=0 of 1 open; feed: waiting until ")
        yield* systemd.hears("(ServiceRestart 1012)")
        yield* Scope.close(scope, Exit.void)
        yield* systemd.hears("STOPPING=1")
        expect(systemd.heard().split("READY=1")).toHaveLength(2)
        // Nobody asked for it.
        expect(systemd.heard()).not.toContain("WATCHDOG")
      })
  )

  it.live.skipIf(!possible)("is not told that we are ready before a handshake succeeded", () =>
    Effect.gen(function*() {
      const systemd = yield* notifySocket(socat.path ?? "")
      vi.stubEnv("NOTIFY_SOCKET", systemd.path)
      const fleet = yield* make
      yield* fleet.apply([plan("feed", "ws://127.0.0.1:1/")])
      yield* withNotifier(fleet)
      yield* systemd.hears("feed: waiting")
      expect(systemd.heard()).not.toContain("READY")
    }))

  it.live.skipIf(!possible)(
    "is fed as its watchdog while the heartbeats live, and not when one is dead",
    () =>
      Effect.gen(function*() {
        const systemd = yield* notifySocket(socat.path ?? "")
        vi.stubEnv("NOTIFY_SOCKET", systemd.path)
        vi.stubEnv("WATCHDOG_USEC", "100000")
        vi.stubEnv("WATCHDOG_PID", String(process.pid))
        const out = output()
        let reports = [report()]
        const fleet = { ...yield* make, reports: Effect.sync(() => reports), activity: Stream.never }
        yield* withNotifier(fleet, out.layer)
        yield* systemd.hears("WATCHDOG=1")
        reports = [report({ name: "dead", lastByteAge: 1e9 })]
        let said = ""
        yield* Effect.sleep("10 millis").pipe(
          Effect.andThen(Effect.sync(() => said += out.said())),
          Effect.repeat({ until: () => said.includes("dead") })
        )
        expect(said).toContain("The heartbeat of dead is dead")
      })
  )

  it.live("is left alone where it did not ask, or asked another process", () =>
    Effect.gen(function*() {
      vi.stubEnv("NOTIFY_SOCKET", undefined)
      const out = output()
      yield* withNotifier(yield* make, out.layer)
      expect(out.said()).toBe("")
    }))

  it.live("is missed where systemd-notify is not there", () =>
    Effect.gen(function*() {
      vi.stubEnv("NOTIFY_SOCKET", "/nowhere/notify")
      vi.stubEnv("PATH", "/nowhere")
      const out = output()
      yield* withNotifier(yield* make, out.layer)
      let said = ""
      yield* Effect.sleep("10 millis").pipe(
        Effect.andThen(Effect.sync(() => said += out.said())),
        Effect.repeat({ until: () => said !== "" })
      )
      expect(said).toContain("systemd-notify cannot tell it")
    }))
})

describe("ready", () => {
  it("is who has been open once, as the others were or never will be", () => {
    expect(isReady([])).toBe(true)
    expect(isReady([report(), report({ state: "Waiting", sessions: 0 })])).toBe(false)
    expect(isReady([report(), report({ state: "Waiting", sessions: 2 })])).toBe(true)
    expect(isReady([report(), report({ state: "Closed", sessions: 0 })])).toBe(true)
    expect(isReady([report({ state: "Closed", sessions: 0 })])).toBe(false)
  })
})
