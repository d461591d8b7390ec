import { spawnSync } from "node:child_process"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "vitest"

const module = fileURLToPath(new URL("../../../src/cli/daemon/launchReport.ts", import.meta.url))

const tell = (what: string, stdio: ReadonlyArray<"pipe" | "ignore">) =>
  spawnSync(process.execPath, [
    "--input-type=module",
    "--eval",
    `const { report } = await import(${JSON.stringify(module)})
     const Effect = await import("effect/Effect")
     await Effect.runPromise(report(${what}))`
  ], { stdio: [...stdio], encoding: "utf8", cwd: fileURLToPath(new URL("../../..", import.meta.url)) })

describe("a supervisor's report", () => {
  it("is a line at the descriptor that start gave it", () => {
    const { output, status, stderr } = tell("{ claimed: 12 }", ["ignore", "pipe", "pipe", "pipe"])
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" })
    expect(output[3]).toBe("{\"claimed\":12}\n")
    const failed = tell("{ exit: 'config', message: 'no', advice: 'mend it' }", ["ignore", "pipe", "pipe", "pipe"])
    expect(JSON.parse(failed.output[3] ?? "")).toEqual({ exit: "config", message: "no", advice: "mend it" })
  })

  it("is not made where there is no such descriptor", () => {
    expect(tell("{ claimed: 12 }", ["ignore", "pipe", "pipe"]).status).toBe(0)
  })
})
