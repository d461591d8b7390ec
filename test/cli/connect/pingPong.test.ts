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

  it.effect("shows bytes that are no text in hex", () =>
    Effect.gen(function*() {
      const { notes, output } = recordedOutput()
      const { control } = yield* showPingPong(output)
      control?.("received", "pong", Uint8Array.of(0xfd, 0x11, 0, 1))
      control?.("received", "ping", bytes("\u001b[2J"))
      yield* settle
      expect(notes.map(({ message }) => message)).toEqual([
        "Received pong (data: 0xfd110001)",
        "Received ping (data: 0x1b5b324a)"
      ])
      expect(notes[0]!.fields).toEqual({ base64: "/REAAQ==" })
    }))
})
