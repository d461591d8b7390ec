/**
 * What was typed before: a file in the user's state folder, one line each.
 */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Path from "effect/Path"

/** Lines that are kept. */
export const most = 1000

/** What was typed, and a way to add to it. */
export interface History {
  /** The newest first, as readline has it. */
  readonly lines: ReadonlyArray<string>
  /** Adds a line. One that begins with a space is not kept, nor one like the last. */
  readonly add: (line: string) => Effect.Effect<void>
}

/** Nothing is kept. */
export const none: History = { lines: [], add: () => Effect.void }

/** The history of this user. Where it cannot be read or written, there is none: nobody is stopped by that. */
export const load: Effect.Effect<History, never, FileSystem.FileSystem | Path.Path> = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const folder = yield* stateFolder
  if (Option.isNone(folder)) return none
  const file = path.join(folder.value, "holdfast", "history")
  const text = yield* Effect.orElseSucceed(fs.readFileString(file), () => "")
  const all = text.split("\n").filter((line) => line !== "")
  const kept = all.slice(-most)
  const write = (content: string, flag: "a" | "w") =>
    Effect.ignore(Effect.andThen(
      fs.makeDirectory(path.dirname(file), { recursive: true, mode: 0o700 }),
      // What people type may be a secret.
      fs.writeFileString(file, content, { flag, mode: 0o600 })
    ))
  if (all.length > 2 * most) yield* write(`${kept.join("\n")}\n`, "w")
  let last = kept.at(-1)
  return {
    lines: kept.toReversed(),
    add: (line) => {
      if (line.trim() === "" || line.startsWith(" ") || line === last) return Effect.void
      last = line
      // Two terminals at once add to it in turns.
      return write(`${line}\n`, "a")
    }
  }
})

const variable = (name: string): Effect.Effect<Option.Option<string>> =>
  Effect.orElseSucceed(Effect.suspend(() => Config.option(Config.String(name))), () => Option.none())

/** `$XDG_STATE_HOME`, or `~/.local/state`. */
const stateFolder: Effect.Effect<Option.Option<string>, never, Path.Path> = Effect.gen(function*() {
  const path = yield* Path.Path
  const state = yield* variable("XDG_STATE_HOME")
  if (Option.isSome(state) && path.isAbsolute(state.value)) return state
  return Option.map(yield* variable("HOME"), (home) => path.join(home, ".local", "state"))
})
