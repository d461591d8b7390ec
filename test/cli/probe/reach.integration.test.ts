import { it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { describe, expect } from "vitest"
import { reach, reachPath } from "../../../src/cli/probe/reach.ts"
import * as wsServer from "../../support/wsServer.ts"

const v4 = (last: number) => ({ address: `127.0.0.${last}`, family: 4 })
const deadline = Duration.seconds(5)

describe("the way to a server", () => {
  it.live("is the first address that can be had; the others are told", () =>
    Effect.gen(function*() {
      // Only 127.0.0.1 is listened on.
      const { port } = yield* wsServer.echo()
      const [incoming, told] = yield* reach([v4(2), v4(1)], port, undefined, deadline)
      expect(incoming.socket.remoteAddress).toBe("127.0.0.1")
      expect(told.lines).toEqual([`127.0.0.2:${port} ECONNREFUSED`, expect.stringContaining(`127.0.0.1:${port} in`)])
      expect(told.findings).toMatchObject([
        {
          level: "warning",
          message: `The name also stands for 127.0.0.2:${port}, where the port is closed (ECONNREFUSED).`
        }
      ])
    }))

  it.live("is none where nobody listens", () =>
    Effect.gen(function*() {
      const { port } = yield* Effect.scoped(wsServer.echo())
      const failed = yield* Effect.flip(reach([v4(1), v4(2)], port, undefined, deadline))
      expect(failed).toMatchObject({ exit: "tcp", told: { details: { attempts: [{ ok: false }, { ok: false }] } } })
    }))

  it.live("is a Unix socket, or none", () =>
    Effect.gen(function*() {
      const failed = yield* Effect.flip(reachPath("/nowhere/to.sock", deadline))
      expect(failed.told.findings).toMatchObject([{ message: expect.stringContaining("there is no such socket") }])
    }))
})
