import { it } from "@effect/vitest"
import { DateTime, Duration, Effect, Option } from "effect"
import { describe, expect } from "vitest"
import { narrate, noteOf } from "../../../src/cli/connect/narrator.ts"
import * as Recovery from "../../../src/Recovery.ts"
import { beside, connect, settle } from "../../support/connect.ts"
import { recordedOutput } from "../../support/recordedOutput.ts"

describe("the narrator", () => {
  it.effect("tells in a pipe what goes wrong, and that it goes on", () =>
    Effect.gen(function*() {
      const { notes, output } = recordedOutput()
      const { connection, server } = yield* connect()
      yield* beside(narrate(connection, output, { interactive: false }))
      yield* connection.awaitOpen
      const peer = yield* server.peer
      yield* peer.drop
      yield* settle
      const told = notes.filter(({ level }) => level !== "debug")
      expect(told.map(({ event }) => event)).toEqual(["waiting"])
      expect(told[0]!.message).toMatch(/^Disconnected: .*\nNext dial in 1 s\.$/s)
    }))

  it("says of a session that it is open, on a terminal and after a loss", () => {
    const opened = {
      _tag: "Opened" as const,
      at: DateTime.makeUnsafe(0),
      session: 1,
      attempt: 1,
      downtime: Duration.seconds(3),
      previous: Option.none()
    }
    expect(noteOf(opened, true, undefined)).toMatchObject({ level: "info", message: "Connected." })
    expect(noteOf(opened, false, undefined)).toMatchObject({ level: "debug" })
  })

  it("says that it dials again where it does so at once", () => {
    const scheduled = {
      _tag: "WaitScheduled" as const,
      at: DateTime.makeUnsafe(0),
      attempt: 2,
      delay: Duration.zero,
      floor: Duration.zero,
      recovery: Recovery.retry()
    }
    expect(noteOf(scheduled, false, undefined)).toMatchObject({ level: "warn", message: "Dialling again." })
  })
})
