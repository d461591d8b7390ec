import { it } from "@effect/vitest"
import { Effect, Option } from "effect"
import { TestClock } from "effect/testing"
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect } from "vitest"
import { ending, recorder } from "../../../src/cli/connect/recorder.ts"
import { AbnormalClosure, ApplicationClose, ConnectionError } from "../../../src/ConnectionError.ts"
import type { Link } from "../../../src/Link.ts"

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "holdfast-record-"))),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true }))
)
const lost = new ConnectionError({ reason: new AbnormalClosure({ cause: undefined }) })

describe("the recorder", () => {
  it.effect("writes every frame with its time", () =>
    Effect.gen(function*() {
      const file = join(yield* folder, "record.ndjson")
      yield* Effect.scoped(Effect.gen(function*() {
        const { watcher } = yield* recorder(file, "ws://server.test/")
        yield* TestClock.adjust("1500 millis")
        watcher.opened?.({ subprotocol: Option.some("chat") } as Link)
        watcher.message?.("received", "hello \u2028 \"you\"")
        yield* TestClock.adjust("2 seconds")
        watcher.message?.("sent", Uint8Array.of(0, 255))
        watcher.control?.("received", "ping", Uint8Array.of(1))
        watcher.ended?.(lost)
        watcher.opened?.({ subprotocol: Option.none() } as Link)
      }))
      expect(readFileSync(file, "utf8").trimEnd().split("\n").map((line) => JSON.parse(line))).toEqual([
        { holdfast: "recording/1", startedAt: "1970-01-01T00:00:00.000Z", endpoint: "ws://server.test/" },
        { at: 1500, kind: "open", subprotocol: "chat" },
        { at: 1500, direction: "received", kind: "text", data: "hello \u2028 \"you\"" },
        { at: 3500, direction: "sent", kind: "binary", base64: "AP8=" },
        { at: 3500, direction: "received", kind: "ping", base64: "AQ==" },
        { at: 3500, kind: "lost", reason: "AbnormalClosure" },
        { at: 3500, kind: "open" }
      ])
      expect(statSync(file).mode & 0o777).toBe(0o600)
    }))

  it.effect("writes now and then, and at once where there is much", () =>
    Effect.gen(function*() {
      const file = join(yield* folder, "record.ndjson")
      const { watcher } = yield* recorder(file, "")
      watcher.message?.("sent", "a")
      expect(readFileSync(file, "utf8")).not.toContain("\"a\"")
      yield* TestClock.adjust("200 millis")
      expect(readFileSync(file, "utf8")).toContain("\"a\"")
      for (let i = 0; i < 2000; i++) watcher.message?.("sent", "x".repeat(100))
      expect(readFileSync(file, "utf8").length).toBeGreaterThan(150_000)
    }))

  it.effect("tells who closed, and how", () =>
    Effect.sync(() => {
      const closed = (initiator: "peer" | "self") =>
        new ConnectionError({ reason: new ApplicationClose({ code: 4001, closeReason: "bye", initiator }) })
      expect(ending(1, closed("peer"))).toEqual({
        at: 1,
        direction: "received",
        kind: "close",
        code: 4001,
        reason: "bye"
      })
      expect(ending(1, closed("self"))).toMatchObject({ direction: "sent" })
    }))

  it.effect("says where it cannot write", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(recorder(join(yield* folder, "none", "file"), ""))
      expect(error.exit).toBe("output")
      const { failed, watcher } = yield* recorder("/dev/full", "")
      watcher.ended?.(lost)
      expect(yield* Effect.flip(failed)).toMatchObject({ exit: "output" })
    }))
})
