/**
 * Opens a source of the config, whatever it is.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { ConnectionService } from "../../../Connection.ts"
import type { SourcePlan } from "../../config/RunConfig.ts"
import type { CliFailure } from "../../failure.ts"
import { Output } from "../../output.ts"
import type { Tools } from "../workshop.ts"
import { readCommand } from "./command.ts"
import { makeFifo, readFifo } from "./fifo.ts"
import { followFile } from "./file.ts"
import { receiver } from "./receiver.ts"
import { readStdin } from "./stdin.ts"

/** Sends what comes from the source on the connection, for the life of the scope. */
export const openSource = Effect.fnUntraced(function*(
  { name, source }: SourcePlan,
  connection: ConnectionService
): Effect.fn.Return<void, CliFailure, Tools | Scope.Scope> {
  const to = receiver(name, connection, yield* Output, source.format ?? "text")
  switch (source.type) {
    case "stdin":
      return yield* run(readStdin(to))
    case "file":
      return yield* run(followFile(source, to))
    case "fifo":
      yield* makeFifo(source)
      return yield* run(readFifo(source, to))
    case "command":
      return yield* run(readCommand(source, to))
  }
})

const run = <R>(source: Effect.Effect<void, never, R>): Effect.Effect<void, never, R | Scope.Scope> =>
  Effect.asVoid(Effect.forkScoped(source))
