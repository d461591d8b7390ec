import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { describe, expect } from "vitest"
import { requires } from "../../setup/requirements.ts"
import * as configFolder from "../../support/configFolder.ts"
import { notifySocket } from "../../support/notifySocket.ts"
import * as wsServer from "../../support/wsServer.ts"

const socat = requires("socat")

describe("beside a running service", () => {
  it.live.skipIf(!socat.available || !requires("systemd").available)(
    "systemd is told that it is ready, and that it ends",
    () =>
      Effect.gen(function*() {
        const systemd = yield* notifySocket(socat.path ?? "")
        const { url } = yield* wsServer.echo()
        const config = yield* configFolder.make({ connections: { feed: { url } } })
        const process = yield* config.run({ env: { NOTIFY_SOCKET: systemd.path } })
        yield* systemd.hears("READY=1")
        yield* process.kill("SIGTERM")
        yield* systemd.hears("STOPPING=1")
        expect((yield* process.exit).code).toBe(0)
      })
  )
})
