// Runs a line of a shell in which `$HOLDFAST` is the command.
import * as Effect from "effect/Effect"
import { spawn } from "node:child_process"
import { executable, type Exit } from "./cliProcess.ts"

/** To its end; killed where it is interrupted. */
export const shell = (line: string): Effect.Effect<Exit> =>
  Effect.callback((resume) => {
    const { FORCE_COLOR: _force, NO_COLOR: _no, ...inherited } = process.env
    const child = spawn("bash", ["-c", line], {
      env: { ...inherited, HOLDFAST: `${process.execPath} ${executable}` },
      stdio: ["ignore", "pipe", "pipe"]
    })
    let stdout = ""
    let stderr = ""
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => void (stdout += chunk))
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => void (stderr += chunk))
    child.on("close", (code) => resume(Effect.succeed({ code, stdout, stderr })))
    return Effect.callback<void>((done) => {
      child.on("close", () => done(Effect.void))
      child.kill("SIGKILL")
    })
  })
