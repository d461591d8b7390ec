// Programs that run for the life of a scope, each the head of a process group: what it forks dies with it.
import { Effect, type Scope } from "effect"
import { type ChildProcess, execFile, spawn, type StdioOptions } from "node:child_process"
import { connect, createServer } from "node:net"
import { Notice } from "../../test/support/notice.ts"

export interface Program {
  readonly child: ChildProcess
  readonly pid: number
  /** To the program alone. */
  readonly signal: (signal: NodeJS.Signals) => Effect.Effect<void>
  /** Ends it and all that it forked, at once; waits until it is gone. */
  readonly kill: Effect.Effect<void>
}

export const start = (
  command: string,
  args: ReadonlyArray<string>,
  stdio: StdioOptions = ["ignore", "pipe", "pipe"]
): Effect.Effect<Program, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => {
        const notice = new Notice()
        let ended = false
        const child = spawn(command, args, { detached: true, stdio, env: { ...process.env, NODE_NO_WARNINGS: "1" } })
        // What nobody reads would block it.
        for (const stream of [child.stdout, child.stderr]) stream?.resume()
        const onEnd = () => {
          ended = true
          notice.notify()
        }
        child.on("exit", onEnd).on("error", onEnd)
        const kill = Effect.suspend(() => {
          try {
            // A signal to a stopped process group still kills it.
            if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL")
          } catch {
            // There is none left.
          }
          return notice.when(() => ended || undefined)
        })
        return { child, kill }
      }),
      ({ kill }) => kill
    ),
    ({ child, kill }) => ({
      child,
      pid: child.pid ?? 0,
      kill: Effect.asVoid(kill),
      signal: (signal) => Effect.sync(() => void child.kill(signal))
    })
  )

/** Runs a command to its end; dies with what it said where it fails. */
export const run = (command: string, ...args: ReadonlyArray<string>): Effect.Effect<string> =>
  Effect.callback((resume) => {
    execFile(command, args, (error, stdout, stderr) => {
      resume(
        error === null
          ? Effect.succeed(stdout)
          : Effect.die(new Error(`${[command, ...args].join(" ")}: ${stderr.trim() || error.message}`))
      )
    })
  })

/** A port of the loopback interface on which nobody listens. */
export const freePort: Effect.Effect<number> = Effect.callback((resume) => {
  const server = createServer()
  server.listen(0, "127.0.0.1", () => {
    const address = server.address()
    const port = typeof address === "object" && address !== null ? address.port : 0
    server.close(() => resume(Effect.succeed(port)))
  })
})

/** Waits until somebody accepts connections there. */
export const listening = (port: number): Effect.Effect<void> =>
  Effect.callback<boolean>((resume) => {
    const socket = connect(port, "127.0.0.1")
    socket.on("connect", () => resume(Effect.succeed(true)))
    socket.on("error", () => resume(Effect.succeed(false)))
    socket.on("connect", () => socket.destroy())
    return Effect.sync(() => socket.destroy())
  }).pipe(
    Effect.flatMap((accepted) => accepted ? Effect.void : Effect.andThen(Effect.sleep("10 millis"), listening(port)))
  )
