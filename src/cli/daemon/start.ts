/**
 * `holdfast start`: a daemon, and how its first handshakes went.
 */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Path from "effect/Path"
import type { ChildProcessSpawner } from "effect/process/ChildProcessSpawner"
import * as Address from "../address.ts"
import { load } from "../config/load.ts"
import type { RunConfig } from "../config/RunConfig.ts"
import { type CliFailure, failure } from "../failure.ts"
import { Output } from "../output.ts"
import { alreadyRunning, presence } from "./claim.ts"
import { ask, connect } from "./controlClient.ts"
import { folders } from "./daemons.ts"
import * as folder from "./folder.ts"
import * as lastEnd from "./lastEnd.ts"
import type { Order } from "./launch.ts"
import * as pidFile from "./pidFile.ts"
import { logFolder, type Place, placeIn, surroundings, wrongName, wrongSocket } from "./place.ts"
import { failureOfEnd } from "./processEnd.ts"
import { spawnSupervisor } from "./spawnSupervisor.ts"

/** What `start` is told. */
export interface StartInput {
  readonly config: string
  /** Milliseconds; 0 for not at all. */
  readonly wait: number | undefined
  readonly http: string | undefined
  readonly connections: ReadonlyArray<string>
  readonly runtimeDir: string | undefined
}

type Needs = FileSystem.FileSystem | Path.Path | ChildProcessSpawner | Output

/** Starts it, and returns when every connection has been open, one has failed for good, or the time is over. */
export const start = (input: StartInput): Effect.Effect<void, CliFailure, Needs> =>
  Effect.gen(function*() {
    const output = yield* Output
    if (input.http !== undefined) yield* Address.fromHttpFlag(input.http)
    const config = yield* load(input.config)
    const place = yield* placeFor(config, input.runtimeDir)
    yield* refuseTwin(place, input.runtimeDir)
    yield* folder.prepare(place.folder)
    const order: Order = {
      name: place.name,
      folder: place.folder,
      log: yield* logFor(config),
      config: config.file,
      http: input.http,
      connections: input.connections.length === 0 ? undefined : input.connections
    }
    const pid = yield* spawnSupervisor(order)
    const wait = input.wait ?? config.settings.daemon?.wait ?? 30_000
    if (wait > 0) {
      yield* Effect.onInterrupt(
        awaitStarted(place, wait),
        () =>
          output.note(
            "warn",
            "interrupted",
            `"${place.name}" (pid ${pid}) goes on; holdfast stop ${place.name} ends it.`
          )
      )
    }
    yield* output.data(`"${place.name}" is running (pid ${pid}).`, {
      name: place.name,
      pid,
      config: config.file,
      log: order.log,
      socket: place.socket
    })
  })

const placeFor = (config: RunConfig, runtimeDir: string | undefined): Effect.Effect<Place, CliFailure, Path.Path> =>
  Effect.gen(function*() {
    const [first] = yield* folders(runtimeDir, config.settings.daemon?.folder)
    const place = placeIn(first, config.name)
    const wrong = wrongName(place.name) ?? wrongSocket(place.socket)
    return wrong === undefined ? place : yield* Effect.fail(wrong)
  })

/** The supervisor would refuse as well; here no process is needed for it, and the other folders are looked at. */
const refuseTwin = (
  place: Place,
  runtimeDir: string | undefined
): Effect.Effect<void, CliFailure, FileSystem.FileSystem | Path.Path> =>
  Effect.gen(function*() {
    for (const folder of new Set([place.folder, ...(yield* folders(runtimeDir))])) {
      const twin = placeIn(folder, place.name)
      if ((yield* presence(twin.socket)) !== "alive") continue
      const owner = yield* pidFile.read(twin.pidFile)
      return yield* Effect.fail(alreadyRunning(place.name, typeof owner === "object" ? owner.pid : undefined))
    }
  })

/** Where the log is; its folder is made. */
const logFor = (config: RunConfig): Effect.Effect<string, CliFailure, FileSystem.FileSystem | Path.Path> =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const file = config.settings.log?.file ?? path.join(logFolder(surroundings()), `${config.name}.log`)
    yield* fs.makeDirectory(path.dirname(file), { recursive: true, mode: 0o700 }).pipe(
      Effect.mapError((error) =>
        failure(
          "output",
          `The folder of the log ${file} cannot be made: ${error.message}`,
          "Set log.file in the config."
        )
      )
    )
    return file
  })

/** Fails with why it did not start, or with `timeout` where it is still at it. */
const awaitStarted = (place: Place, wait: number): Effect.Effect<void, CliFailure, FileSystem.FileSystem> =>
  Effect.scoped(Effect.gen(function*() {
    const client = yield* connect(place)
    yield* client.ask({ _tag: "Started" }).pipe(
      Effect.catchIf(({ exit }) => exit !== "notRunning", (error) =>
        Effect.gen(function*() {
          // Where nothing is left to keep, the daemon ends as well: afterwards, status says so.
          const others = yield* keepsOthers(place)
          if (!others) yield* Effect.timeoutOption(client.gone, 10_000)
          return yield* Effect.fail(others ? stillThere(error, place) : error)
        })),
      Effect.timeoutOrElse({ duration: wait, orElse: () => Effect.fail(tooLate(place, wait)) })
    )
  })).pipe(
    // It ended before it could say why.
    Effect.catchIf(({ exit }) => exit === "notRunning", (error) =>
      Effect.flatMap(
        lastEnd.read(place.lastEnd),
        (last) => Effect.fail(last === undefined ? error : failureOfEnd(last.end))
      ))
  )

const keepsOthers = (place: Place): Effect.Effect<boolean> =>
  ask(place, { _tag: "Status" }).pipe(
    Effect.map(({ connections }) => connections.some(({ state }) => state !== "Closed")),
    Effect.orElseSucceed(() => false)
  )

const stillThere = (error: CliFailure, { name }: Place): CliFailure =>
  error.reworded({
    advice: `${
      error.advice === undefined ? "" : `${error.advice} `
    }The daemon keeps the other connections: holdfast status ${name}.`
  })

const tooLate = ({ name }: Place, wait: number): CliFailure =>
  failure(
    "timeout",
    `"${name}" has been started, but after ${wait / 1000} s not every connection has been open.`,
    `It goes on dialling: holdfast status ${name} tells why, holdfast stop ${name} ends it, --wait gives it more time.`
  )
