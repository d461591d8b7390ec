/**
 * Where a daemon of a name has its files: the control socket, the pidfile, the
 * lock, and the log.
 */
import { homedir, userInfo } from "node:os"
import { basename, dirname, join } from "node:path"
import { type CliFailure, failure } from "../failure.ts"

/** The files of one daemon. All but the log live in one folder. */
export interface Place {
  readonly name: string
  readonly folder: string
  /** Who answers here is alive. */
  readonly socket: string
  /** The process that holds the socket. */
  readonly pidFile: string
  /** The process that does the work, where that is another one. */
  readonly workerPidFile: string
  /** Exists for the moment in which the socket is taken. */
  readonly lock: string
  /** Why the last daemon of this name ended, where it did not end well. */
  readonly lastEnd: string
}

/** What of the environment decides about places. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly home: string
  /** The user's number; none where the system has no such thing. */
  readonly uid: number | undefined
}

/** Those of this process. */
export const surroundings = (): Surroundings => ({
  env: process.env,
  home: homedir(),
  uid: userInfo().uid === -1 ? undefined : userInfo().uid
})

/**
 * The folders in which daemons may be found, the one for new daemons first.
 * More than one, since `XDG_RUNTIME_DIR` is set in a login session and not in
 * cron: a daemon of the one must be found from the other.
 */
export const runtimeFolders = (
  { env, home, uid }: Surroundings,
  /** By a flag, and by a config. */
  chosen: { readonly flag?: string | undefined; readonly config?: string | undefined } = {}
): readonly [string, ...Array<string>] => {
  const explicit = chosen.flag ?? given(env["HOLDFAST_RUNTIME_DIR"]) ?? chosen.config
  if (explicit !== undefined) return [explicit]
  const session = given(env["XDG_RUNTIME_DIR"])
  const own = uid === 0 ? "/run/holdfast" : join(stateFolder(env, home), "run")
  return session === undefined ? [own] : [join(session, "holdfast"), own]
}

/** Where logs go by default. */
export const logFolder = ({ env, home, uid }: Surroundings): string =>
  uid === 0 && given(env["XDG_STATE_HOME"]) === undefined ? "/var/log/holdfast" : stateFolder(env, home)

const stateFolder = (env: Surroundings["env"], home: string): string =>
  join(given(env["XDG_STATE_HOME"]) ?? join(home, ".local", "state"), "holdfast")

const given = (value: string | undefined): string | undefined => value === "" ? undefined : value

/** The files of a name in a folder. */
export const placeIn = (folder: string, name: string): Place => ({
  name,
  folder,
  socket: join(folder, `${name}.sock`),
  pidFile: join(folder, `${name}.pid`),
  workerPidFile: join(folder, `${name}.worker.pid`),
  lock: join(folder, `${name}.lock`),
  lastEnd: join(folder, `${name}.last.json`)
})

/** The files that belong to a socket. */
export const placeOfSocket = (socket: string): Place => ({
  ...placeIn(dirname(socket), basename(socket).replace(/\.sock$/, "")),
  socket
})

/** What is wrong with a name, if anything is. */
export const wrongName = (name: string): CliFailure | undefined =>
  /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name) && !/\.(?:worker|last)$/.test(name)
    ? undefined
    : failure(
      "usage",
      `"${name}" cannot be the name of a daemon.`,
      "A name has up to 64 letters, digits, dots, dashes and underscores, and starts with a letter or a digit."
    )

/** The kernel keeps the address of a socket in 108 bytes, the last of them 0; elsewhere it is fewer. */
const longestSocket = process.platform === "linux" ? 107 : 103

/** What is wrong with a socket's path, if anything is. Node would cut it off without a word. */
export const wrongSocket = (socket: string): CliFailure | undefined => {
  const bytes = Buffer.byteLength(socket)
  return bytes <= longestSocket ? undefined : failure(
    "usage",
    `The path of the control socket has ${bytes} bytes, and the system allows ${longestSocket}: ${socket}`,
    "Choose a shorter --runtime-dir (or HOLDFAST_RUNTIME_DIR), or a shorter name."
  )
}
