import { it } from "@effect/vitest"
import { Effect } from "effect"
import { describe, expect } from "vitest"
import { showPingPong } from "../../../src/cli/connect/pingPong.ts"
import { settle } from "../../support/connect.ts"
import { recordedOutput } from "../../support/recordedOutput.ts"

const bytes = (text: string) => new TextEncoder().encode(text)

describe("--show-ping-pong", () => {
  it.effect("tells of what the peer sent, and not of what this command asks for itself", () =>
    Effect.gen(function*() {
      const { notes, output } = recordedOutput()
      const { control } = yield* showPingPong(output)
      control?.("received", "ping", bytes("are you there"))
      control?.("received", "pong", bytes(""))
      control?.("sent", "ping", bytes("x"))
      control?.("received", "pong", bytes("holdfast-receipt-3"))
      yield* settle
      expect(notes.map(({ message }) => message)).toEqual([
        "Received ping (data: \"are you there\")",
        "Received pong (data: \"\")"
      ])
    }))
})
