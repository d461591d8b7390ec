/**
 * Why the last daemon of a name ended, for who asks when there is nobody left to
 * answer.
 */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Schema from "effect/Schema"
import { ProcessEnd } from "./protocol.ts"

/** Why, and after what. */
export const LastEnd = Schema.Struct({
  /** Of the worker. */
  end: ProcessEnd,
  /** What else there is to say: that it was not started once more, say. */
  message: Schema.String,
  restarts: Schema.Number,
  config: Schema.String,
  log: Schema.String
})

/** Why, and after what. */
export type LastEnd = typeof LastEnd.Type

const LastEndJson = Schema.fromJsonString(LastEnd)

/** Leaves it; where that is impossible, nobody is told. */
export const write = (path: string, last: LastEnd): Effect.Effect<void, never, FileSystem.FileSystem> =>
  Effect.ignore(
    FileSystem.FileSystem.use((fs) => fs.writeFileString(path, `${JSON.stringify(last)}\n`, { mode: 0o600 }))
  )

/** What was left, if anything was. */
export const read = (path: string): Effect.Effect<LastEnd | undefined, never, FileSystem.FileSystem> =>
  FileSystem.FileSystem.use((fs) => fs.readFileString(path)).pipe(
    Effect.flatMap((text) => Schema.decodeUnknownEffect(LastEndJson)(text)),
    Effect.orElseSucceed(() => undefined)
  )

/** Forgets it. */
export const remove = (path: string): Effect.Effect<void, never, FileSystem.FileSystem> =>
  FileSystem.FileSystem.use((fs) => Effect.ignore(fs.remove(path, { force: true })))
