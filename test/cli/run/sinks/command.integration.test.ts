import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect } from "vitest"
import { commandSink } from "../../../../src/cli/run/sinks/command.ts"
import { deliveries, eventually, make, type Workbench } from "../../../support/workbench.ts"

const open = (
  bench: Workbench,
  command: string | ReadonlyArray<string>,
  options: { readonly concurrency?: number; readonly timeout?: string } = {}
) => Effect.provide(commandSink("each", { type: "command", command, ...options }), bench.tools)

describe("a sink that is a command for each message", () => {
  it.live("gives it the message, and what is known of it", () =>
    Effect.gen(function*() {
      const bench = yield* make()
      const out = join(bench.folder, "out")
      yield* Effect.scoped(Effect.gen(function*() {
        const sink = yield* open(
          bench,
          `printf '%s %s %s %s ' "$HOLDFAST_CONNECTION" "$HOLDFAST_AT" "$HOLDFAST_SESSION" "$HOLDFAST_TYPE" >> ${out}; cat >> ${out}; echo >> ${out}`
        )
        yield* sink.offer(deliveries("hello", new Uint8Array([0x41, 0x42])))
      }))
      expect(readFileSync(out, "utf8")).toBe(
        "feed 2026-01-01T00:00:00.000Z 3 text hello\nfeed 2026-01-01T00:00:00.000Z 3 binary AB\n"
      )
      expect(bench.notes).toEqual([])
    }))

  it.live("tells which command failed, how often, and goes on", () =>
    Effect.gen(function*() {
      const bench = yield* make()
      yield* Effect.scoped(Effect.flatMap(open(bench, ["false"]), (sink) => sink.offer(deliveries("a", "b"))))
      yield* Effect.scoped(Effect.flatMap(open(bench, ["/no/such/program"]), (sink) => sink.offer(deliveries("a"))))
      expect(bench.notes).toEqual([
        "error: sink each: false failed with exit code 1; 1 message lost so far",
        "error: sink each: 2 messages lost",
        "error: sink each: /no/such/program cannot be run: spawn /no/such/program ENOENT; 1 message lost so far"
      ])
    }))

  it.live("does not mind a command that reads nothing of a large message", () =>
    Effect.gen(function*() {
      const bench = yield* make()
      yield* Effect.scoped(
        Effect.flatMap(open(bench, ["true"]), (sink) => sink.offer(deliveries("x".repeat(1_000_000), "b")))
      )
      expect(bench.notes).toEqual([])
    }))

  it.live("ends a command that takes too long", () =>
    Effect.gen(function*() {
      const bench = yield* make()
      const sink = yield* open(bench, ["sleep", "60"], { timeout: "50 ms" })
      yield* sink.offer(deliveries("a"))
      yield* bench.noted("sleep was not done after 50ms, and was ended; 1 message lost so far")
    }))

  it.live("runs so many at once, and no more", () =>
    Effect.gen(function*() {
      const bench = yield* make()
      const started = () => readdirSync(bench.folder).filter((name) => name.startsWith("started")).length
      const go = join(bench.folder, "go")
      yield* Effect.scoped(Effect.gen(function*() {
        const sink = yield* open(
          bench,
          `read n; touch ${bench.folder}/started-$n; while [ ! -e ${go} ]; do sleep 0.02; done`,
          { concurrency: 2 }
        )
        yield* sink.offer(deliveries("1\n", "2\n", "3\n"))
        yield* eventually(() => started() >= 2 || undefined)
        yield* Effect.sleep(100)
        expect(started()).toBe(2)
        writeFileSync(go, "")
      }))
      expect(started()).toBe(3)
    }))
})
