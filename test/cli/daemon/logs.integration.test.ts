import { it } from "@effect/vitest"
import { Effect } from "effect"
import { describe, expect } from "vitest"
import { readable } from "../../../src/cli/daemon/logs.ts"
import { connection, home } from "../../support/daemonProcess.ts"
import * as wsServer from "../../support/wsServer.ts"

describe("holdfast logs", () => {
  it.live("prints the end of the log, and follows it", () =>
    Effect.gen(function*() {
      const { url } = yield* wsServer.echo()
      const user = yield* home
      yield* user.run(["start", user.config("feed.toml", connection("a", url))])
      const json = yield* user.run(["logs", "feed", "-n", "2", "--json"])
      expect(json.code).toBe(0)
      expect(json.stdout.trim().split("\n").map((line) => typeof JSON.parse(line).event)).toEqual(["string", "string"])
      const following = yield* user.start(["logs", "feed", "-f", "-n", "1"])
      yield* following.prints("open")
      yield* user.run(["reload", "feed"])
      yield* following.prints("reloaded")
      yield* user.run(["stop", "feed"])
      yield* following.prints("has ended")
      // What is over can still be read.
      expect((yield* user.run(["logs", "feed"])).stdout).toContain("has ended")
    }))

  it.live("says where there is none", () =>
    Effect.gen(function*() {
      const user = yield* home
      const { code, stderr } = yield* user.run(["logs", "feed"])
      expect(code).toBe(1)
      expect(stderr).toContain("There is no log")
    }))

  it.live("does not read a device, which may have no end", () =>
    Effect.gen(function*() {
      const { url } = yield* wsServer.echo()
      const user = yield* home
      yield* user.run([
        "start",
        user.config("feed.toml", `${connection("a", url)}\n[log]\nfile = "/dev/full"\n`)
      ])
      const { code, stderr } = yield* user.run(["logs", "feed"])
      expect(code).toBe(1)
      expect(stderr).toContain("/dev/full is no file")
    }))

  it("are readable for people", () => {
    const paint = (style: string, text: string) => `<${style}>${text}</>`
    expect(readable("{\"at\":\"noon\",\"level\":\"error\",\"message\":\"no\"}", paint))
      .toBe("<dim>noon</> error <red>no</>")
    expect(readable("at Object.<anonymous>", paint)).toBe("at Object.<anonymous>")
  })
})
