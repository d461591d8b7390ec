// The server's process, from outside.
import { Effect, type Scope } from "effect"
import { join } from "node:path"
import { Notice } from "../../test/support/notice.ts"
import * as Processes from "../world/processes.ts"
import type { Command, Question, Reply, Stats } from "./commands.ts"

export interface Server {
  readonly program: Processes.Program
  readonly port: number
  readonly url: string
  readonly tell: (command: Command) => Effect.Effect<void>
  readonly stats: Effect.Effect<Stats>
}

export interface Options {
  readonly host?: string
  /** A free one unless given. */
  readonly port?: number
  /** Behind TLS, with a certificate that nobody has signed. Default: no. */
  readonly secure?: boolean
  /** Milliseconds between two messages; 0 for none. Default: 20. */
  readonly every?: number
  /** In a network namespace of its own: `join` is given its process before it listens. */
  readonly apart?: (pid: number) => Effect.Effect<void, never, Scope.Scope>
}

const main = join(import.meta.dirname, "main.ts")

/** A server for the life of the scope. */
export const start = (options: Options = {}): Effect.Effect<Server, never, Scope.Scope> =>
  Effect.gen(function*() {
    const { apart, every = 20, host = "127.0.0.1", secure = false } = options
    const stdio = ["ignore", "inherit", "inherit", "ipc"] as const
    // Far above what any server before this one can have reached.
    const command = [process.execPath, main, String(Math.floor(performance.now()) * 1000)]
    const [program, ...args] = apart === undefined ? command : ["unshare", "--net", ...command]
    const started = yield* Processes.start(program!, args, [...stdio])
    const notice = new Notice()
    const replies = new Map<number, Reply>()
    started.child.on("message", (reply: Reply) => {
      replies.set(reply.id, reply)
      notice.notify()
    })
    const reply = (id: number): Effect.Effect<Reply> =>
      Effect.tap(notice.when(() => replies.get(id)), () => Effect.sync(() => replies.delete(id)))
    let questions = 0
    const ask = (command: Command): Effect.Effect<Reply> =>
      Effect.suspend(() => {
        const question: Question = { id: ++questions, command }
        // Who was killed is told nothing; the row that asks all the same runs into its time limit.
        if (started.child.connected) started.child.send(question, () => undefined)
        return reply(question.id)
      })
    yield* reply(0)
    if (apart !== undefined) yield* apart(started.pid)
    yield* ask({ _tag: "feed", every, width: 0 })
    const { port } = yield* ask({ _tag: "listen", host, port: options.port ?? 0, secure })
    return {
      program: started,
      port,
      url: `${secure ? "wss" : "ws"}://${host}:${port}/`,
      tell: (command) => Effect.asVoid(ask(command)),
      stats: Effect.map(ask({ _tag: "stats" }), ({ stats }) => stats)
    }
  })
