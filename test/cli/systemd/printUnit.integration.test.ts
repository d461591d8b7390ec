import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { spawnSync } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect } from "vitest"
import { requires } from "../../setup/requirements.ts"
import { executable, run } from "../../support/cliProcess.ts"

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "holdfast-unit-"))),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true }))
)

const config = Effect.map(folder, (folder) => {
  const file = join(folder, "feeds.toml")
  writeFileSync(file, `[connections.feed]\nurl = "wss://feed.example/v2"\n`)
  return { folder, file }
})

describe("holdfast unit", () => {
  it.live("prints a unit that runs this very program, and how to install it", () =>
    Effect.gen(function*() {
      const { file } = yield* config
      const { code, stderr, stdout } = yield* run(["unit", file])
      expect(code).toBe(0)
      expect(stdout).toContain(`ExecStart=${process.execPath} ${executable} run ${file}\n`)
      expect(stderr).toContain("Write it to /etc/systemd/system/feeds.service")
      expect(stderr).toContain("systemctl enable --now feeds")
      expect((yield* run(["unit", "--user", file])).stderr).toContain("systemctl --user")
    }))

  it.live("prints one record with --json", () =>
    Effect.gen(function*() {
      const { file } = yield* config
      const { stdout } = yield* run(["unit", "--json", file])
      expect(JSON.parse(stdout)).toMatchObject({ name: "feeds.service", unit: expect.stringContaining("Type=notify") })
    }))

  it.live("refuses a config that is wrong", () =>
    Effect.gen(function*() {
      const { file } = yield* config
      writeFileSync(file, `[connections.feed]\nulr = "wss://feed.example"\n`)
      const { code, stderr, stdout } = yield* run(["unit", file])
      expect({ code, stdout }).toEqual({ code: 21, stdout: "" })
      expect(stderr).toContain("ulr")
    }))

  it.live.skipIf(!requires("systemd").available)("finds the approval of systemd itself", () =>
    Effect.gen(function*() {
      const { file, folder } = yield* config
      const { stdout } = yield* run(["unit", file])
      const unit = join(folder, "feeds.service")
      writeFileSync(unit, stdout)
      const { output, status } = spawnSync("systemd-analyze", ["verify", "--man=no", unit], { encoding: "utf8" })
      expect({ status, said: output.join("").trim() }).toEqual({ status: 0, said: "" })
    }))
})
