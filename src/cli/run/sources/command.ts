/**
 * A source that sends each line which a command prints.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { ChildProcessSpawner } from "effect/process/ChildProcessSpawner"
import { programName } from "../../config/programName.ts"
import { millisOf } from "../../config/quantities.ts"
import type { Source } from "../../config/schema.ts"
import { systemCause } from "../../systemCause.ts"
import { program } from "../program.ts"
import { restarting } from "../restarts.ts"
import type { Receiver } from "./receiver.ts"
import { sendLines } from "./stdin.ts"

/** Runs the command, and again when it has ended, unless it is not to be restarted. */
export const readCommand = Effect.fnUntraced(function*(
  source: Extract<Source, { type: "command" }>,
  receiver: Receiver
): Effect.fn.Return<void, never, ChildProcessSpawner> {
  const spawner = yield* ChildProcessSpawner
  const { command, restart } = source
  const called = programName(command)
  const once = Effect.scoped(Effect.gen(function*() {
    const handle = yield* spawner.spawn(program(command, { stdin: "ignore", stderr: "inherit", env: {} }))
    yield* sendLines(handle.stdout, receiver)
    return yield* handle.exitCode
  })).pipe(
    Effect.map((code) => `ended with exit code ${code}`),
    Effect.catch((error) => Effect.succeed(`cannot be run: ${systemCause(error)}`))
  )
  if (restart === false) {
    return yield* Effect.flatMap(
      once,
      (how) => receiver.tell(`${called} ${how}`, how === "ended with exit code 0" ? "info" : "warn")
    )
  }
  return yield* restarting(once, {
    first: millisOf(restart?.first ?? "1 second") ?? 0,
    cap: millisOf(restart?.cap ?? "30 seconds") ?? 0
  }, (how, pause) => receiver.tell(`${called} ${how}; started again in ${Duration.format(Duration.millis(pause))}`))
})
