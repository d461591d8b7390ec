import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect } from "vitest"
import { pipeSink } from "../../../../src/cli/run/sinks/pipe.ts"
import { deliveries, eventually, make } from "../../../support/workbench.ts"

describe("a sink that is one command's stdin", () => {
  it.live("writes a line for each message, and ends its input at the end", () =>
    Effect.gen(function*() {
      const bench = yield* make()
      const out = join(bench.folder, "out")
      yield* Effect.scoped(Effect.gen(function*() {
        const sink = yield* pipeSink("pipe", { type: "pipe", command: `cat > ${out}; echo ended >> ${out}` })
        yield* sink.offer(deliveries("a", "b"))
        yield* sink.offer(deliveries("c"))
      })).pipe(Effect.provide(bench.tools))
      expect(readFileSync(out, "utf8")).toBe("a\nb\nc\nended\n")
      expect(bench.notes).toEqual([])
    }))

  it.live("starts it again when it dies, and gives the next one what is left", () =>
    Effect.gen(function*() {
      const bench = yield* make()
      const out = join(bench.folder, "out")
      yield* Effect.scoped(Effect.gen(function*() {
        const sink = yield* pipeSink("pipe", {
          type: "pipe",
          command: ["sh", "-c", `read line; echo "$$ $line" >> ${out}; [ "$line" = die ] && exit 3; cat >> ${out}`],
          restart: { first: "20 ms", cap: "40 ms" }
        })
        yield* sink.offer(deliveries("die"))
        yield* bench.noted("sink pipe: sh ended with exit code 3; started again in 20ms")
        yield* sink.offer(deliveries("live", "on"))
        yield* eventually(() => existsSync(out) && readFileSync(out, "utf8").includes("on\n") || undefined)
      })).pipe(Effect.provide(bench.tools))
      const [first = "", second = "", third] = readFileSync(out, "utf8").split("\n")
      expect([first.split(" ")[1], second.split(" ")[1], third]).toEqual(["die", "live", "on"])
      expect(first.split(" ")[0]).not.toBe(second.split(" ")[0])
    }))

  it.live("tells that it cannot be run, and keeps the messages", () =>
    Effect.gen(function*() {
      const bench = yield* make()
      yield* Effect.scoped(Effect.gen(function*() {
        const sink = yield* pipeSink("pipe", {
          type: "pipe",
          command: ["/no/such/program"],
          restart: { first: "20 ms" }
        })
        yield* sink.offer(deliveries("a"))
        yield* bench.noted("/no/such/program cannot be run: spawn /no/such/program ENOENT; started again in 20ms")
      })).pipe(Effect.provide(bench.tools))
      expect(bench.notes.at(-1)).toBe("error: sink pipe: closed with 1 message not written")
    }))

  it.live("makes who sends wait for a command that does not read", () =>
    Effect.gen(function*() {
      const bench = yield* make()
      yield* Effect.scoped(Effect.gen(function*() {
        const sink = yield* pipeSink("pipe", { type: "pipe", command: ["sleep", "60"], queue: 2 })
        const large = "x".repeat(300_000)
        const offered = yield* Effect.timeoutOption(
          Effect.forEach([1, 2, 3, 4, 5, 6], () => sink.offer(deliveries(large))),
          500
        )
        expect(offered._tag).toBe("None")
      })).pipe(Effect.provide(bench.tools))
    }))
})
