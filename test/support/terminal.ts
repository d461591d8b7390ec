// A terminal with the command in it, by tmux: a test types, and sees what stands on the screen.
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { execFile } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { executable } from "./cliProcess.ts"

export interface Terminal {
  /** Types a text. */
  readonly type: (text: string) => Effect.Effect<void>
  /** Presses keys, by the names that tmux has for them: `Enter`, `Up`, `C-c`. */
  readonly press: (...keys: ReadonlyArray<string>) => Effect.Effect<void>
  /** Types a line. */
  readonly enter: (line: string) => Effect.Effect<void>
  readonly screen: Effect.Effect<string>
  /** Waits until the screen has this, and gives it. Dies with the screen after ten seconds. */
  readonly shows: (what: RegExp | string) => Effect.Effect<string>
  readonly resize: (columns: number, rows: number) => Effect.Effect<void>
}

export interface TerminalOptions {
  /** A shell's redirections, and the like. */
  readonly after?: string | undefined
  readonly env?: Readonly<Record<string, string>> | undefined
  readonly columns?: number | undefined
}

const call = (args: ReadonlyArray<string>): Effect.Effect<string> =>
  Effect.callback((resume) => {
    execFile("tmux", [...args], (error, stdout, stderr) =>
      resume(error === null ? Effect.succeed(stdout) : Effect.die(new Error(`tmux ${args.join(" ")}: ${stderr}`))))
  })

/** The command in a terminal, for the life of the scope; `[exit CODE]` is shown when it has ended. */
export const terminal = (
  args: ReadonlyArray<string>,
  options: TerminalOptions = {}
): Effect.Effect<Terminal, never, Scope.Scope> =>
  Effect.gen(function*() {
    const folder = yield* Effect.acquireRelease(
      Effect.sync(() => mkdtempSync(join(tmpdir(), "holdfast-tmux-"))),
      (folder) => Effect.sync(() => rmSync(folder, { recursive: true }))
    )
    const tmux = (...args: ReadonlyArray<string>) => call(["-S", join(folder, "socket"), "-f", "/dev/null", ...args])
    const quoted = [process.execPath, executable, ...args].map((arg) => `'${arg}'`).join(" ")
    const env = Object.entries({ XDG_STATE_HOME: folder, NO_COLOR: "", ...options.env })
    yield* Effect.acquireRelease(
      tmux(
        "new-session",
        "-d",
        "-x",
        String(options.columns ?? 100),
        "-y",
        "40",
        ...env.flatMap(([name, value]) => ["-e", `${name}=${value}`]),
        `${quoted} ${options.after ?? ""}; echo "[exit $?]"; exec cat`
      ),
      () => Effect.asVoid(tmux("kill-server"))
    )
    const screen = tmux("capture-pane", "-p", "-J")
    const press = (...keys: ReadonlyArray<string>) => Effect.asVoid(tmux("send-keys", ...keys))
    const type = (text: string) => Effect.asVoid(tmux("send-keys", "-l", "--", text))
    const shows = (what: RegExp | string): Effect.Effect<string> => {
      const look = (left: number): Effect.Effect<string> =>
        Effect.flatMap(screen, (text) => {
          if (typeof what === "string" ? text.includes(what) : what.test(text)) return Effect.succeed(text)
          return left === 0
            ? Effect.die(new Error(`The screen does not show ${String(what)}:\n${text}`))
            : Effect.andThen(Effect.sleep("50 millis"), look(left - 1))
        })
      return look(200)
    }
    return {
      screen,
      press,
      type,
      enter: (line) => Effect.andThen(type(line), press("Enter")),
      shows,
      resize: (columns, rows) => Effect.asVoid(tmux("resize-window", "-x", String(columns), "-y", String(rows)))
    }
  })
