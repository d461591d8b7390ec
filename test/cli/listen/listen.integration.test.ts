import { it } from "@effect/vitest"
import { Effect } from "effect"
import { describe, expect } from "vitest"
import { run, start } from "../../support/cliProcess.ts"

const urlOf = (text: string) => /ws:\/\/\S+/.exec(text)?.[0] ?? ""

describe("holdfast listen", () => {
  it.live("talks to clients: lines to them, their messages to stdout", () =>
    Effect.gen(function*() {
      const server = yield* start(["listen", "0", "--once"], { stdin: "from the server\n" })
      yield* server.prints("Listening on")
      const client = yield* run(["connect", urlOf(server.stderr()), "-x", "from the client", "--count", "1"])
      expect(client).toMatchObject({ code: 0, stdout: "from the server\n" })
      const { code, stderr, stdout } = yield* server.exit
      expect({ code, stdout }).toEqual({ code: 0, stdout: "from the client\n" })
      expect(stderr).toMatch(/#1 connected\.\n#1 disconnected \(code: 1000, reason: ""\)\.\n$/)
    }))

  it.live("sends back where it is told to, also what is long or much", () =>
    Effect.gen(function*() {
      const server = yield* start(["listen", "0", "--echo"])
      yield* server.prints("Listening on")
      const lines = Array.from({ length: 20_000 }, (_, i) => `${i} ${"x".repeat(100)}`)
      const { code, stdout } = yield* run(["connect", urlOf(server.stderr())], { stdin: `${lines.join("\n")}\n` })
      expect(code).toBe(0)
      expect(stdout).toBe(`${lines.join("\n")}\n`)
      yield* server.kill("SIGTERM")
      const exit = yield* server.exit
      expect(exit.code).toBe(143)
      expect(exit.stdout).toBe(`${lines.join("\n")}\n`)
    }), 30_000)

  it.live("prints objects for programs, and bytes in hex", () =>
    Effect.gen(function*() {
      const json = yield* start(["listen", "0", "--once", "--json"])
      yield* json.prints("listening")
      yield* run(["connect", urlOf(json.stderr()).replace(/".*/, ""), "-x", "a", "--wait", "0"])
      expect(JSON.parse((yield* json.exit).stdout)).toMatchObject({ kind: "text", data: "a" })
      const hex = yield* start(["listen", "0", "--once", "--hex"])
      yield* hex.prints("Listening on")
      yield* run(["connect", urlOf(hex.stderr()), "--hex", "-x", "00ff", "--wait", "0"])
      expect((yield* hex.exit).stdout).toBe("00ff\n")
    }))

  it.live("says what makes no sense", () =>
    Effect.gen(function*() {
      expect(yield* run(["listen", "nowhere"])).toMatchObject({ code: 2 })
      expect(yield* run(["listen", "0", "--binary", "--hex"])).toMatchObject({ code: 2 })
    }))
})
