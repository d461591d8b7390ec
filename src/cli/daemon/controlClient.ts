/**
 * Asks a daemon over its control socket.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as net from "node:net"
import { type CliFailure, failure } from "../failure.ts"
import { type Client, clientOf } from "./conversation.ts"
import type { Place } from "./place.ts"
import type { Reply, Request } from "./protocol.ts"

/** Connects; fails with `notRunning` where nobody answers. */
export const connect = (place: Place): Effect.Effect<Client, CliFailure, Scope.Scope> =>
  Effect.flatMap(
    Effect.acquireRelease(
      Effect.callback<net.Socket, CliFailure>((resume) => {
        const socket = net.connect({ path: place.socket })
        socket.once("connect", () => resume(Effect.succeed(socket)))
        socket.once("error", (error: NodeJS.ErrnoException) => {
          resume(Effect.fail(
            error.code === "EACCES" || error.code === "EPERM"
              ? failure("failure", `"${place.name}" belongs to another user: ${place.socket} may not be used.`)
              : notRunning(place.name)
          ))
        })
        return Effect.sync(() => socket.destroy())
      }),
      (socket) => Effect.sync(() => socket.destroy())
    ),
    clientOf
  )

/** One request and its reply; a daemon that is silent for `patience` milliseconds is an error. */
export const ask = <Tag extends Request["_tag"]>(
  place: Place,
  request: Extract<Request, { readonly _tag: Tag }>,
  patience = 10_000
): Effect.Effect<Reply<Tag>, CliFailure> =>
  Effect.scoped(Effect.flatMap(connect(place), (client) => client.ask(request))).pipe(
    Effect.timeoutOrElse({ duration: patience, orElse: () => Effect.fail(silent(place.name, patience)) })
  )

/** What is said where no daemon of that name answers. */
export const notRunning = (name: string): CliFailure =>
  failure("notRunning", `"${name}" is not running.`, "holdfast status lists those that are.")

const silent = (name: string, patience: number): CliFailure =>
  failure(
    "timeout",
    `"${name}" has not answered for ${patience / 1000} s.`,
    `holdfast logs ${name} may tell why; holdfast stop --force ${name} ends it.`
  )
