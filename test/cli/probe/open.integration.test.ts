// The steps to an open link, in the process of the test; the whole command is tested in probe.integration.test.ts.
import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect } from "vitest"
import { open } from "../../../src/cli/probe/open.ts"
import type { Step } from "../../../src/cli/probe/Step.ts"
import { type ProbedOptions, target } from "../../../src/cli/probe/target.ts"
import * as realServer from "../../support/realServer.ts"
import * as wsServer from "../../support/wsServer.ts"

const steps = (options: ProbedOptions) =>
  Effect.gen(function*() {
    const told: Array<Step> = []
    const tell = (step: Step) => Effect.sync(() => void told.push(step))
    const exit = yield* Effect.result(open(yield* target(options), tell))
    return { exit, told, names: told.map(({ step, verdict }) => `${step} ${verdict}`) }
  })

describe("the way to an open link", () => {
  it.live("goes through every step", () =>
    Effect.gen(function*() {
      const { url } = yield* wsServer.echo()
      const { exit, names } = yield* steps({ url })
      expect(exit._tag).toBe("Success")
      expect(names).toEqual(["dns ok", "tcp ok", "request ok", "answer ok", "checks ok", "negotiated ok"])
    }))

  it.live("leads to a Unix socket as well", () =>
    Effect.gen(function*() {
      const folder = yield* Effect.acquireRelease(
        Effect.sync(() => mkdtempSync(join(tmpdir(), "holdfast-"))),
        (folder) => Effect.sync(() => rmSync(folder, { recursive: true }))
      )
      const server = yield* realServer.make({ path: join(folder, "a.sock") })
      const { exit, names } = yield* steps({ url: `${server.url}path?q=1` })
      expect(exit._tag).toBe("Success")
      expect(names.slice(0, 2)).toEqual(["dns skipped", "tcp ok"])
      expect((yield* server.asked)[0]).toMatchObject({ target: "/path?q=1", headers: { host: "localhost" } })
    }))

  it.live("takes no credential to another origin", () =>
    Effect.gen(function*() {
      const [one, two] = [yield* realServer.make(), yield* realServer.make()]
      yield* one.reject(307, { headers: { location: two.url } })
      const { exit } = yield* steps({
        url: one.url,
        headers: { authorization: "secret", "user-agent": "probe" },
        transport: { redirects: 1 }
      })
      expect(exit._tag).toBe("Success")
      expect((yield* one.asked)[0]?.headers).toMatchObject({ authorization: "secret" })
      const [asked] = yield* two.asked
      expect(asked?.headers).toMatchObject({ "user-agent": "probe" })
      expect(asked?.headers).not.toHaveProperty("authorization")
    }))

  it.live("stops at the step that fails", () =>
    Effect.gen(function*() {
      const server = yield* realServer.make()
      yield* server.invalid("accept")
      const { exit, names } = yield* steps({ url: server.url })
      expect(exit).toMatchObject({ _tag: "Failure", failure: { step: "checks", exit: "badHandshake" } })
      expect(names.at(-1)).toBe("checks failed")
    }))
})
