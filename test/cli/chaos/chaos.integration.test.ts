import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { describe, expect } from "vitest"
import * as cli from "../../support/cliProcess.ts"
import { dial, endOf, refusal } from "../../support/dialling.ts"

const start = (...args: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const child = yield* cli.start(["chaos", ...args])
    yield* child.prints(/ws:\S+/)
    return { ...child, url: /ws:[^\s"]+/.exec(child.stdout())?.[0] ?? "" }
  })

describe("holdfast chaos", () => {
  it.live("prints its url on stdout, echoes, logs on stderr, and ends well on SIGTERM", () =>
    Effect.gen(function*() {
      const { exit, kill, prints, stdout, url } = yield* start()
      expect(stdout()).toBe(`${url}\n`)
      const link = yield* dial(`${url}chat?token=secret`)
      yield* link.write(["hello"])
      expect(yield* link.pull).toEqual(["hello"])
      yield* link.close(4000, "done")
      yield* prints("#1 the client closes with 4000 \"done\"")
      yield* prints("#1 asks for /chat")
      yield* kill("SIGTERM")
      const { code, stderr } = yield* exit
      expect(code).toBe(0)
      expect(stderr).not.toContain("secret")
    }))

  it.live("misbehaves as its flags say", () =>
    Effect.gen(function*() {
      const { url } = yield* start("--fault", "refuse,retry-after=15,times=1", "--fault", "close,code=1012,after=10ms")
      expect(yield* refusal(url)).toMatchObject({ _tag: "HandshakeRejected", status: 503 })
      expect(yield* endOf(yield* dial(url))).toMatchObject({ _tag: "ServiceRestart" })
    }))

  it.live("feeds numbers, and tells everything as NDJSON", () =>
    Effect.gen(function*() {
      const { stderr, stdout, url } = yield* start("--feed", "5ms", "--json")
      expect(JSON.parse(stdout())).toEqual({ event: "listening", url, port: Number(new URL(url).port) })
      const link = yield* dial(url)
      yield* link.write(["no echo"])
      expect(yield* link.pull).toEqual(["1"])
      const lines = stderr().trim().split("\n").map((line) => JSON.parse(line))
      expect(lines).toContainEqual(expect.objectContaining({ event: "opened", connection: 1, session: 1 }))
    }))

  it.live("listens where it is told, and says so where it cannot", () =>
    Effect.gen(function*() {
      const { url } = yield* start("--listen", "localhost:0")
      const { host } = new URL(url)
      const { code, stderr } = yield* cli.run(["chaos", "--listen", host])
      expect(code).toBe(14)
      expect(stderr).toContain(`Cannot listen on ${host}: EADDRINUSE`)
    }))

  it.live.each(
    [
      [["--fault", "nonsense"], "There is no fault \"nonsense\""],
      [["--fault", "refuse,status=9"], "at [\"status\"]"],
      [["--listen", "nowhere"], "--listen must be HOST:PORT"],
      [["--feed", "often"], "--feed must be a duration"]
    ] as const
  )("refuses what makes no sense: %s", ([args, sentence]) =>
    Effect.gen(function*() {
      const { code, stderr, stdout } = yield* cli.run(["chaos", ...args])
      expect({ code, stdout }).toEqual({ code: 2, stdout: "" })
      expect(stderr).toContain(sentence)
    }))

  it.live("lists what can go wrong", () =>
    Effect.gen(function*() {
      const { code, stdout } = yield* cli.run(["chaos", "--faults"])
      expect(code).toBe(0)
      expect(stdout).toMatch(/^refuse +an HTTP status/)
      expect(stdout).toContain("\nidle-cut ")
    }))
})
