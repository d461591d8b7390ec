import * as NodeServices from "@effect/platform-node/NodeServices"
import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { afterEach, describe, expect, vi } from "vitest"
import { notify } from "../../../src/cli/systemd/notify.ts"
import { requires } from "../../setup/requirements.ts"
import { notifySocket } from "../../support/notifySocket.ts"

const socat = requires("socat")

afterEach(() => {
  vi.unstubAllEnvs()
})

describe("a word to systemd", () => {
  it.live.skipIf(!socat.available || !requires("systemd").available)(
    "arrives, on one line each",
    () =>
      Effect.gen(function*() {
        const systemd = yield* notifySocket(socat.path ?? "")
        vi.stubEnv("NOTIFY_SOCKET", systemd.path)
        expect(yield* notify(["READY=1", "STATUS=one\ntwo"])).toBe(true)
        yield* systemd.hears("READY=1\nSTATUS=one two")
      }).pipe(Effect.provide(NodeServices.layer))
  )

  it.live("is known not to have arrived", () =>
    Effect.gen(function*() {
      vi.stubEnv("NOTIFY_SOCKET", "/nowhere/notify")
      vi.stubEnv("PATH", "/nowhere")
      expect(yield* notify(["READY=1"])).toBe(false)
    }).pipe(Effect.provide(NodeServices.layer)))
})
