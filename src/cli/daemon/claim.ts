/**
 * Takes the control socket of a name: who answers there is alive, and there is
 * one at most.
 */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import type { ChildProcessSpawner } from "effect/process/ChildProcessSpawner"
import * as Scope from "effect/Scope"
import * as net from "node:net"
import { type CliFailure, failure } from "../failure.ts"
import * as folder from "./folder.ts"
import * as identity from "./identity.ts"
import * as lock from "./lock.ts"
import * as pidFile from "./pidFile.ts"
import { type Place, wrongName, wrongSocket } from "./place.ts"

/** What is at the path of a control socket. */
export type Presence = "nothing" | "stale" | "alive" | "foreign" | "forbidden"

/** Knocks. `foreign` is a file that is no socket, `forbidden` a socket of somebody else. */
export const presence = (socket: string): Effect.Effect<Presence, never, FileSystem.FileSystem> =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const found = yield* Effect.result(fs.lstat(socket))
    if (found._tag === "Failure") return found.failure.reason._tag === "NotFound" ? "nothing" : "forbidden"
    return found.success.type === "Socket" ? yield* knock(socket) : "foreign"
  })

const knock = (path: string): Effect.Effect<Presence> =>
  Effect.callback((resume) => {
    const socket = net.connect({ path })
    const found = (presence: Presence) => {
      socket.destroy()
      resume(Effect.succeed(presence))
    }
    socket.on("connect", () => found("alive"))
    socket.on("error", (error: NodeJS.ErrnoException) => {
      switch (error.code) {
        case "ECONNREFUSED":
          return found("stale")
        case "ENOENT":
          return found("nothing")
        case "EACCES":
        case "EPERM":
          return found("forbidden")
        default:
          // EAGAIN: somebody listens, and has more to do than he can.
          return found("alive")
      }
    })
    return Effect.sync(() => socket.destroy())
  })

type Needs = FileSystem.FileSystem | ChildProcessSpawner

/** The socket is ours. */
export interface Claim {
  readonly server: net.Server
  /** The pidfile stays when the socket goes: whoever looks then finds a daemon that is dead, and not none at all. */
  readonly leavePidFile: () => void
}

/**
 * Listens on the socket of this place, with a pidfile beside it, until the scope
 * closes. Fails with `alreadyRunning` where somebody answers there.
 */
export const claim = (
  place: Place,
  launch?: pidFile.Launch
): Effect.Effect<Claim, CliFailure, Needs | Scope.Scope> =>
  Effect.gen(function*() {
    const wrong = wrongName(place.name) ?? wrongSocket(place.socket)
    if (wrong !== undefined) return yield* Effect.fail(wrong)
    yield* folder.prepare(place.folder)
    yield* refuseUnlessFree(place)
    const self = yield* identity.self
    return yield* Effect.scopedWith((moment) =>
      Effect.gen(function*() {
        yield* Scope.provide(lock.acquire(place.lock, self), moment)
        // Once more, now that nobody else can take it.
        if ((yield* refuseUnlessFree(place)) === "stale") yield* removeStale(place.socket)
        // Before the socket, so that who finds somebody there finds out who it is.
        yield* Effect.mapError(pidFile.write(place.pidFile, self, launch), (error) => cannotListen(place, error))
        const forget = pidFile.remove(place.pidFile, self)
        const server = yield* Effect.onError(listen(place), () => forget)
        let leave = false
        // And gone before the socket is: the next one finds nothing, or everything.
        yield* Effect.addFinalizer(() => leave ? Effect.void : forget)
        return {
          server,
          leavePidFile: () => {
            leave = true
          }
        }
      })
    )
  })

/** Says why a place cannot be had. */
const refuseUnlessFree = (place: Place): Effect.Effect<"nothing" | "stale", CliFailure, Needs> =>
  Effect.gen(function*() {
    const found = yield* presence(place.socket)
    const owner = yield* pidFile.read(place.pidFile)
    const living = typeof owner === "object" && (yield* identity.isAlive(owner)) ? owner.pid : undefined
    switch (found) {
      case "alive":
        return yield* Effect.fail(alreadyRunning(place.name, living))
      case "foreign":
        return yield* Effect.fail(failure(
          "failure",
          `${place.socket} is in the way: it is no socket.`,
          "Nothing of ours; look at it, and move it away."
        ))
      case "forbidden":
        return yield* Effect.fail(failure("failure", `${place.socket} may not be used: it belongs to somebody else.`))
      default:
        if (living === undefined || living === process.pid) return found
        return yield* Effect.fail(failure(
          "alreadyRunning",
          `"${place.name}" is running already (pid ${living}), but does not answer at ${place.socket}.`,
          `End it with: holdfast stop --force ${place.name}`
        ))
    }
  })

/** What who comes second is told. */
export const alreadyRunning = (name: string, pid: number | undefined): CliFailure =>
  failure(
    "alreadyRunning",
    `"${name}" is running already${pid === undefined ? "" : ` (pid ${pid})`}.`,
    `holdfast status ${name} shows it; holdfast reload ${name} gives it a changed config.`
  )

const removeStale = (socket: string): Effect.Effect<void, CliFailure, FileSystem.FileSystem> =>
  FileSystem.FileSystem.use((fs) => fs.remove(socket, { force: true })).pipe(
    Effect.mapError((error) => failure("output", `The stale socket ${socket} cannot be removed: ${error.message}`))
  )

const listen = (place: Place): Effect.Effect<net.Server, CliFailure, Scope.Scope> =>
  Effect.gen(function*() {
    const open = new Set<net.Socket>()
    return yield* Effect.acquireRelease(
      Effect.callback<net.Server, CliFailure>((resume) => {
        const server = net.createServer()
        // Later ones, of a connection that could not be taken, end nothing.
        server.on("error", (error) => resume(Effect.fail(cannotListen(place, error))))
        server.on("connection", (socket) => {
          open.add(socket)
          socket.on("close", () => open.delete(socket))
          socket.on("error", () => undefined)
        })
        // The file is made while `listen` runs, so that it never has other permissions, not for a moment.
        const before = process.umask(0o177)
        server.listen({ path: place.socket }, () => resume(Effect.succeed(server)))
        process.umask(before)
      }),
      // Node removes the file, before it stops to listen.
      (server) =>
        Effect.callback<void>((resume) => {
          server.close(() => resume(Effect.void))
          for (const socket of open) socket.destroy()
        })
    )
  })

const cannotListen = ({ socket }: Place, error: { readonly message: string }): CliFailure =>
  failure("output", `The control socket ${socket} cannot be made: ${error.message}`)
