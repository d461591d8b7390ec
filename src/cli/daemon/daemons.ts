/**
 * Which daemon a user means, and which there are.
 */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Path from "effect/Path"
import { load } from "../config/load.ts"
import { type CliFailure, failure } from "../failure.ts"
import * as pidFile from "./pidFile.ts"
import { type Place, placeIn, runtimeFolders, surroundings, wrongName } from "./place.ts"

/** Something that may be a daemon: there is a socket or a pidfile of that name. */
export interface Candidate {
  readonly place: Place
  readonly pidFile: pidFile.PidFile | "unreadable" | undefined
}

type Needs = FileSystem.FileSystem | Path.Path

/** All that may be daemons of this user, by name. */
export const all = (
  runtimeDir: string | undefined,
  config?: string
): Effect.Effect<ReadonlyArray<Candidate>, never, Needs> =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const found: Array<Candidate> = []
    for (const folder of yield* folders(runtimeDir, config)) {
      const files = yield* Effect.orElseSucceed(fs.readDirectory(folder), () => [])
      const names = new Set(files.flatMap((file) => {
        const name = /^(.+)\.(?:sock|pid)$/.exec(file)?.[1]
        return name === undefined || wrongName(name) !== undefined ? [] : [name]
      }))
      for (const name of [...names].toSorted()) {
        if (found.some(({ place }) => place.name === name)) continue
        const place = placeIn(folder, name)
        found.push({ place, pidFile: yield* pidFile.read(place.pidFile) })
      }
    }
    return found
  })

/** The folders to look in, absolute; `config` is what a config says of them. */
export const folders = (
  runtimeDir: string | undefined,
  config?: string
): Effect.Effect<readonly [string, ...Array<string>], never, Path.Path> =>
  Path.Path.useSync((path) => {
    const [first, ...more] = runtimeFolders(surroundings(), { flag: runtimeDir, config })
    return [path.resolve(first), ...more.map((folder) => path.resolve(folder))]
  })

/**
 * The daemon that is meant by a name or by a config file. A config is known by
 * those who run it, so that a broken one still finds its daemon.
 */
export const find = (target: string, runtimeDir: string | undefined): Effect.Effect<Candidate, CliFailure, Needs> =>
  Effect.gen(function*() {
    const path = yield* Path.Path
    const candidates = yield* all(runtimeDir)
    if (!isFile(target)) {
      const wrong = wrongName(target)
      if (wrong !== undefined) return yield* Effect.fail(wrong)
      return candidates.find(({ place }) => place.name === target) ?? (yield* none(target, runtimeDir))
    }
    const config = path.resolve(target)
    const running = candidates.find(({ pidFile }) => typeof pidFile === "object" && pidFile.launch?.config === config)
    if (running !== undefined) return running
    const loaded = yield* Effect.result(load(config))
    const name = loaded._tag === "Success" ? loaded.success.name : path.basename(config, path.extname(config))
    const own = loaded._tag === "Success" ? loaded.success.settings.daemon?.folder : undefined
    const there = yield* all(runtimeDir, own)
    return there.find(({ place }) => place.name === name) ?? (yield* none(name, runtimeDir, own))
  })

const none = (
  name: string,
  runtimeDir: string | undefined,
  config?: string
): Effect.Effect<Candidate, never, Path.Path> =>
  Effect.map(folders(runtimeDir, config), ([first]) => ({ place: placeIn(first, name), pidFile: undefined }))

/** Whether a user means a file, rather than a name. */
export const isFile = (target: string): boolean => target.includes("/") || /\.(?:toml|ya?ml|json)$/i.test(target)

/** Fails where that is no daemon with a config. */
export const configOf = ({ pidFile, place }: Candidate): Effect.Effect<pidFile.Launch, CliFailure> =>
  typeof pidFile === "object" && pidFile.launch !== undefined
    ? Effect.succeed(pidFile.launch)
    : Effect.fail(
      failure("notRunning", `"${place.name}" is not running, and its config is not known.`, "Name the config.")
    )
