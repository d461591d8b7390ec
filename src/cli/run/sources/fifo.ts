/**
 * A source that sends each line which anybody writes into a named pipe.
 */
import * as NodeStream from "@effect/platform-node/NodeStream"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FileSystem from "effect/FileSystem"
import * as ChildProcess from "effect/process/ChildProcess"
import { ChildProcessSpawner } from "effect/process/ChildProcessSpawner"
import * as Scope from "effect/Scope"
import { close, constants, open } from "node:fs"
import { Socket } from "node:net"
import type { Source } from "../../config/schema.ts"
import { type CliFailure, failure } from "../../failure.ts"
import type { Receiver } from "./receiver.ts"
import { sendLines } from "./stdin.ts"

/** Makes the pipe where there is none; fails where something else has its name. */
export const makeFifo = Effect.fnUntraced(function*(
  { create, path }: Extract<Source, { type: "fifo" }>
): Effect.fn.Return<void, CliFailure, FileSystem.FileSystem | ChildProcessSpawner> {
  const files = yield* FileSystem.FileSystem
  const spawner = yield* ChildProcessSpawner
  const info = yield* Effect.option(files.stat(path))
  if (info._tag === "Some") {
    if (info.value.type === "FIFO") return
    return yield* failure("config", `${path} is no named pipe (FIFO).`, "Remove it, or take a source of type \"file\".")
  }
  if (create === false) return
  // Whoever may write into it speaks for us: nobody else by default.
  const code = yield* Effect.orElseSucceed(
    spawner.exitCode(ChildProcess.make("mkfifo", ["-m", "600", path], { stdin: "ignore", stdout: "ignore" })),
    () => 1
  )
  if (code !== 0) {
    return yield* failure("config", `The named pipe ${path} cannot be made.`, `Make it with: mkfifo -m 600 ${path}`)
  }
})

class FifoProblem extends Data.TaggedError("FifoProblem")<{ readonly message: string }> {}

const problem = (cause: unknown) => new FifoProblem({ message: cause instanceof Error ? cause.message : String(cause) })

/** Reads from writer after writer until it is interrupted. */
export const readFifo = (
  { path }: Extract<Source, { type: "fifo" }>,
  receiver: Receiver
): Effect.Effect<never> => {
  let told = false
  /** Without a writer, opening for reading would hold one of Node's few threads. */
  const opened = Effect.acquireRelease(
    Effect.callback<Socket, FifoProblem>((resume) => {
      open(path, constants.O_RDONLY | constants.O_NONBLOCK, (error, fd) => {
        if (error !== null) return resume(Effect.fail(problem(error)))
        resume(Effect.try({
          try: () => new Socket({ fd, readable: true, writable: false }),
          catch: (cause) => {
            close(fd)
            return problem(cause)
          }
        }))
      })
    }),
    (socket) => Effect.sync(() => socket.destroy())
  )
  const acquire = Effect.gen(function*() {
    const scope = yield* Scope.make()
    const socket = yield* Scope.provide(opened, scope).pipe(
      Effect.onError((cause) => Scope.close(scope, Exit.failCause(cause)))
    )
    return { scope, socket }
  })

  const from = (
    current: { readonly scope: Scope.Closeable; readonly socket: Socket }
  ): Effect.Effect<never, FifoProblem> =>
    Effect.gen(function*() {
      told = false
      yield* sendLines(
        NodeStream.fromReadable({
          evaluate: () => current.socket,
          closeOnDone: false,
          onError: problem
        }),
        receiver
      )
      // Opened before the old one is closed: a writer in between would find nobody there, and be ended.
      return yield* acquire
    }).pipe(
      Effect.onExit(() => Scope.close(current.scope, Exit.void)),
      Effect.flatMap(from)
    )

  const again: Effect.Effect<never> = Effect.flatMap(acquire, from).pipe(
    Effect.catch((error) => {
      const tell = told ? Effect.void : receiver.tell(`${path} cannot be read: ${error.message}; tried again`)
      told = true
      return Effect.andThen(tell, Effect.andThen(Effect.sleep(Duration.seconds(1)), again))
    })
  )
  return again
}
