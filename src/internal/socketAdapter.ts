/**
 * `connection.socket`: Effect's own `Socket` over a connection that stays up.
 *
 * Every acquired reader is one session; releasing it closes nothing.
 */
import type { NonEmptyReadonlyArray } from "effect/Array"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Socket from "effect/socket/Socket"
import type { ConnectionError } from "../ConnectionError.ts"
import type { Message } from "../Link.ts"
import type { ActiveSession } from "./activeSession.ts"
import { nextSession } from "./sessions.ts"
import type { Supervisor } from "./supervisor.ts"

export const makeSocket = (supervisor: Supervisor): Socket.Socket =>
  Socket.make({ reader: reader(supervisor), writer: writer(supervisor) })

const reader = (supervisor: Supervisor): Effect.Effect<Socket.Reader, Socket.SocketError, Scope.Scope> =>
  Effect.gen(function*() {
    const { active, place } = yield* Effect.acquireRelease(
      Effect.interruptible(Effect.mapError(nextSession(supervisor), openError)),
      // Closing the scope fails a pull that is suspended.
      ({ place }) => Effect.sync(() => place.release())
    )
    const held = place.run()
    const pull: Effect.Effect<NonEmptyReadonlyArray<Message>, Socket.SocketError> = Effect.catchCause(
      supervisor.inbox.take(held),
      (cause) =>
        Cause.hasInterruptsOnly(cause)
          ? Effect.failCause(cause as Cause.Cause<never>)
          : end(active)
    )
    return { pull, upgrade: Socket.SocketUpgradeError.unsupported }
  })

const openError = (error: ConnectionError): Socket.SocketError =>
  new Socket.SocketError({ reason: new Socket.SocketOpenError({ kind: "Unknown", cause: error }) })

// A defect is a bug, for this reader as for everybody.
const end = (active: ActiveSession): Effect.Effect<never, Socket.SocketError> =>
  active.end !== undefined && Cause.hasDies(active.end)
    ? Effect.failCause(active.end as Cause.Cause<never>)
    : Effect.fail(endError(active))

const endError = (active: ActiveSession): Socket.SocketError => {
  const error = active.error
  const reason = error?.reason
  if (reason !== undefined && "code" in reason && typeof reason.code === "number") {
    return new Socket.SocketError({
      reason: new Socket.SocketCloseError({
        code: reason.code,
        closeReason: "closeReason" in reason ? reason.closeReason : undefined
      })
    })
  }
  return error === undefined
    ? new Socket.SocketError({ reason: new Socket.SocketCloseError({ code: 1006 }) })
    : new Socket.SocketError({ reason: new Socket.SocketReadError({ cause: error }) })
}

const writer = (supervisor: Supervisor): Effect.Effect<Socket.Writer, never, Scope.Scope> => {
  const write: Socket.Writer["write"] = (chunk) =>
    Socket.isCloseEvent(chunk)
      ? Effect.suspend(() =>
        supervisor.current === undefined
          ? Effect.void
          : Effect.mapError(
            supervisor.current.close({ code: chunk.code, reason: chunk.reason }),
            writeError
          )
      )
      : Effect.suspend(() => {
        supervisor.want()
        return Effect.catch(supervisor.outbox.send(chunk, true), failAfterReader)
      })
  return Effect.succeed({
    write,
    writeAll: (chunks) => Effect.forEach(chunks, write, { discard: true })
  })
}

const writeError = (cause: ConnectionError): Socket.SocketError =>
  new Socket.SocketError({ reason: new Socket.SocketWriteError({ cause }) })

// Where the connection gave up: RpcClient turns a failed write into a defect, unless its reader has failed the call.
const failAfterReader = (cause: ConnectionError): Effect.Effect<never, Socket.SocketError> =>
  Effect.yieldNow.pipe(
    Effect.andThen(Effect.yieldNow),
    Effect.andThen(Effect.fail(writeError(cause)))
  )
