/**
 * The control socket of a process that has a fleet: `holdfast run`, and the
 * worker of a daemon.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import type { ChildProcessSpawner } from "effect/process/ChildProcessSpawner"
import type * as Scope from "effect/Scope"
import * as net from "node:net"
import { type CliFailure, connectionFailure, failure, ofConnection } from "../failure.ts"
import { type Applied, Fleet, UnknownConnection } from "../fleet/Fleet.ts"
import { version } from "../version.ts"
import { claim } from "./claim.ts"
import { answer } from "./conversation.ts"
import { placeOfSocket } from "./place.ts"
import type { DaemonReport, Handlers } from "./protocol.ts"
import { iso } from "./time.ts"

/** Where to be asked: the path of a socket, or a descriptor that was inherited from the supervisor. */
export type ControlAddress = string | { readonly inherited: number }

/** What the fleet alone does not know. */
export interface ControlActions {
  readonly name: string
  /** The config's absolute path. */
  readonly config: string
  /** The url of the page, where there is one. */
  readonly http?: string | undefined
  /** Succeeds when the connections of the config are those of the fleet. */
  readonly applied: Effect.Effect<void>
  /** Reads the config again and applies it. */
  readonly reload: Effect.Effect<Applied, CliFailure>
  /** Begins to end. */
  readonly stop: Effect.Effect<void>
}

/** Answers there until the scope closes. A socket that somebody else answers at is `alreadyRunning`. */
export const serveControl = (
  address: ControlAddress,
  actions: ControlActions
): Effect.Effect<void, CliFailure, Fleet | FileSystem.FileSystem | ChildProcessSpawner | Scope.Scope> =>
  Effect.gen(function*() {
    const handlers = yield* fleetHandlers(actions)
    if (typeof address === "object") {
      const socket = new net.Socket({ fd: address.inherited, readable: true, writable: true })
      // When the supervisor has gone, nobody could find or end this process any more.
      yield* Effect.forkScoped(Effect.andThen(answer(socket, handlers), actions.stop))
      return
    }
    const { server } = yield* claim(placeOfSocket(address), { config: actions.config })
    yield* serveOn(server, handlers)
  })

/** Answers everybody who connects, until the scope closes. */
export const serveOn = (server: net.Server, handlers: Handlers): Effect.Effect<void, never, Scope.Scope> =>
  Effect.gen(function*() {
    const scope = yield* Effect.scope
    const onConnection = (socket: net.Socket) => {
      Effect.runFork(Effect.forkIn(answer(socket, handlers), scope))
    }
    yield* Effect.acquireRelease(
      Effect.sync(() => server.on("connection", onConnection)),
      () => Effect.sync(() => server.off("connection", onConnection))
    )
  })

/** What is answered by who has the fleet. */
export const fleetHandlers = (actions: ControlActions): Effect.Effect<Handlers, never, Fleet | Scope.Scope> =>
  Effect.gen(function*() {
    const fleet = yield* Fleet
    const born = yield* Clock.currentTimeMillis
    let starting = true
    let stopping = false
    yield* Effect.forkScoped(
      Effect.ensuring(
        Effect.andThen(actions.applied, Effect.ignore(fleet.started)),
        Effect.sync(() => starting = false)
      )
    )

    const report: Effect.Effect<DaemonReport> = Effect.gen(function*() {
      const now = yield* Clock.currentTimeMillis
      return {
        name: actions.name,
        state: stopping ? "stopping" : starting ? "starting" : "running",
        version,
        pid: process.pid,
        since: iso(born),
        uptime: now - born,
        config: actions.config,
        http: actions.http,
        connections: yield* fleet.reports
      }
    })
    const only: Effect.Effect<string, CliFailure> = Effect.flatMap(
      fleet.reports,
      ([first, ...more]) =>
        first !== undefined && more.length === 0
          ? Effect.succeed(first.name)
          : Effect.fail(failure(
            "usage",
            first === undefined
              ? "There is no connection to send to."
              : `Which connection? There are: ${[first, ...more].map(({ name }) => name).join(", ")}.`
          ))
    )

    return {
      Status: () => report,
      Started: () =>
        Effect.andThen(actions.applied, fleet.started).pipe(
          Effect.catch(({ connection, error }) =>
            Effect.flatMap(
              Effect.orElseSucceed(fleet.report(connection), () => undefined),
              (report) => Effect.fail(ofConnection(connection, connectionFailure(error, { dials: report?.dials })))
            )
          ),
          Effect.as({})
        ),
      Stop: () => {
        stopping = true
        return Effect.as(actions.stop, {})
      },
      Reload: () => actions.reload,
      Send: ({ binary, connection, text }) =>
        Effect.gen(function*() {
          const name = connection ?? (yield* only)
          const message = binary === undefined ? text ?? "" : Buffer.from(binary, "base64")
          yield* Effect.mapError(fleet.send(name, message), toFailure(name))
          return {}
        }),
      Reconnect: ({ connection }) => Effect.as(Effect.mapError(fleet.reconnect(connection), toFailure(connection)), {}),
      Close: ({ connection }) => Effect.as(Effect.mapError(fleet.close(connection), toFailure(connection)), {})
    }
  })

type FleetError = Effect.Error<ReturnType<Fleet["Service"]["reconnect"]>>

const toFailure = (connection: string) => (error: FleetError): CliFailure =>
  error instanceof UnknownConnection
    ? failure("usage", error.message)
    : error._tag === "CliFailure"
    ? ofConnection(connection, error)
    : ofConnection(connection, connectionFailure(error))
