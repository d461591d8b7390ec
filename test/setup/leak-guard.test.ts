import { spawnSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll, describe, expect, it } from "vitest"

interface Report {
  readonly testResults: ReadonlyArray<{
    readonly assertionResults: ReadonlyArray<{
      readonly title: string
      readonly status: string
      readonly failureMessages: ReadonlyArray<string> | null
    }>
  }>
}

const root = fileURLToPath(new URL("../..", import.meta.url))
const folder = mkdtempSync(join(tmpdir(), "holdfast-leaks-"))
const outcomes = new Map<string, { readonly status: string; readonly message: string }>()

beforeAll(() => {
  const report = join(folder, "report.json")
  const vitest = join(root, "node_modules/vitest/vitest.mjs")
  const options = ["--config", "test/setup/fixtures/vitest.config.ts", "--reporter", "json", "--outputFile", report]
  spawnSync(process.execPath, [vitest, "run", ...options], {
    cwd: root,
    env: { ...process.env, HOLDFAST_LEAK_PATIENCE: "20" },
    stdio: "ignore"
  })
  const { testResults }: Report = JSON.parse(readFileSync(report, "utf8"))
  for (const { failureMessages, status, title } of testResults.flatMap((file) => file.assertionResults)) {
    outcomes.set(title, { status, message: (failureMessages ?? []).join("\n") })
  }
}, 120_000)

afterAll(() => rmSync(folder, { recursive: true }))

describe("the leak guard", () => {
  it.each([
    ["fiber", /a live fiber #\d+, started at .*leaks\.fixture\.ts/],
    ["child fiber", /a live fiber #\d+ \(span forgotten, in forgotten\), forked by fiber #\d+/],
    ["fiber that was never begun", /a live fiber #\d+/],
    ["timer", /an open timer, started at .*leaks\.fixture\.ts/],
    ["unref'd interval", /an open timer/],
    ["socket", /an open TCP socket 127\.0\.0\.1:\d+ to 127\.0\.0\.1:\d+/],
    ["server", /an open TCP server 127\.0\.0\.1:\d+/],
    ["process", /an open child process/],
    ["signal listener", /an open signal listener/],
    ["rejection", /an unhandled rejection: Error: nobody heard/],
    ["late rejection", /an unhandled rejection: Error: nobody heard later/],
    ["error event", /an uncaught error: Error: nobody listened/]
  ])("fails a test that leaves a %s and names it", (title, sentence) => {
    expect(outcomes.get(title)).toEqual({ status: "failed", message: expect.stringMatching(sentence) })
    expect(outcomes.get(title)?.message).toContain("This test left behind")
  })

  it.each([
    "clean: nothing",
    "clean: what was closed again",
    "clean: what leaves a little later",
    "clean: scoped fibers"
  ])("passes a test that leaves nothing (%s)", (title) => {
    expect(outcomes.get(title)).toEqual({ status: "passed", message: "" })
  })
})
