/**
 * The pidfile: a line with the pid, as everything expects it, a line with when
 * that process began, and a line with what it was started with.
 */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import type { PlatformError } from "effect/PlatformError"
import * as Schema from "effect/Schema"
import type { Identity } from "./identity.ts"

/** With what a daemon was started, for those who start it again. */
export const Launch = Schema.Struct({
  /** The config's absolute path. */
  config: Schema.String,
  /** `--http`. */
  http: Schema.optional(Schema.String),
  /** `--connection`. */
  connections: Schema.optional(Schema.Array(Schema.String))
})

/** With what a daemon was started. */
export type Launch = typeof Launch.Type

/** What a pidfile says. */
export interface PidFile extends Identity {
  readonly launch: Launch | undefined
}

const LaunchLine = Schema.fromJsonString(Launch)

/** Replaces the file as a whole: nobody ever reads half of one. */
export const write = (
  path: string,
  identity: Identity,
  launch?: Launch
): Effect.Effect<void, PlatformError, FileSystem.FileSystem> =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const lines = [identity.pid, identity.birth, ...(launch === undefined ? [] : [JSON.stringify(launch)])]
    const fresh = `${path}.${identity.pid}`
    yield* fs.writeFileString(fresh, `${lines.join("\n")}\n`, { mode: 0o600 })
    yield* fs.rename(fresh, path)
  })

/** What it says; none where there is none, `"unreadable"` where it is no pidfile of ours. */
export const read = (path: string): Effect.Effect<PidFile | "unreadable" | undefined, never, FileSystem.FileSystem> =>
  FileSystem.FileSystem.use((fs) => fs.readFileString(path)).pipe(
    Effect.map(parse),
    Effect.catch((error) => Effect.succeed(error.reason._tag === "NotFound" ? undefined : "unreadable" as const))
  )

const parse = (text: string): PidFile | "unreadable" => {
  const [number = "", birth = "", launch = ""] = text.split("\n")
  if (!/^[1-9]\d{0,9}$/.test(number) || birth === "") return "unreadable"
  const decoded = Schema.decodeUnknownExit(LaunchLine)(launch)
  return { pid: Number(number), birth, launch: decoded._tag === "Success" ? decoded.value : undefined }
}

/** Removes it where it still names this process. */
export const remove = (path: string, identity: Identity): Effect.Effect<void, never, FileSystem.FileSystem> =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const found = yield* read(path)
    if (typeof found !== "object" || found.pid !== identity.pid || found.birth !== identity.birth) return
    yield* Effect.ignore(fs.remove(path))
  })
