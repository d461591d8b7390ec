/**
 * The requests in flight, by their ids: what a reply, an outage or the end of
 * the connection means to each of them.
 */
import type { Cause } from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { ConnectionError, InvalidRequest } from "../ConnectionError.ts"
import type { ProtocolPrelude, ProtocolService } from "../Protocol.ts"
import type { Follower } from "./followSessions.ts"
import { PendingRequest, type RequestError } from "./pendingRequest.ts"
import { sendFailed } from "./sendFailures.ts"

export interface CorrelationOptions<Id, Incoming, Outgoing> {
  readonly protocol: Pick<ProtocolService<Incoming, Outgoing>, "send">
  readonly replyTo: (incoming: Incoming) => Id | undefined
  /** The first reply came for which no request waits. */
  readonly onFirstLate: (id: Id) => void
}

export class Correlation<Id, Incoming, Outgoing> implements Follower<Outgoing> {
  private readonly options: CorrelationOptions<Id, Incoming, Outgoing>
  /** In the order in which they were made. */
  private readonly pending = new Map<Id, PendingRequest<Id, Incoming, Outgoing>>()
  private inSession = false
  private closed: { readonly cause: Cause<ConnectionError> | undefined } | undefined = undefined
  /** Replies for which no request waited. */
  late = 0

  constructor(options: CorrelationOptions<Id, Incoming, Outgoing>) {
    this.options = options
  }

  get size(): number {
    return this.pending.size
  }

  /** Called inside the socket's callback: a reply right before the end of its session is seen before that end. */
  readonly receive = (incoming: Incoming): void => {
    const id = this.options.replyTo(incoming)
    if (id === undefined) return
    const pending = this.pending.get(id)
    if (pending === undefined) {
      if (this.late++ === 0) this.options.onFirstLate(id)
      return
    }
    this.settle(pending, Effect.succeed(incoming))
  }

  // ---------------------------------------------------------------------------
  // from the user
  // ---------------------------------------------------------------------------

  /** One more in flight; fails where the id cannot be told from another. */
  begin(
    id: Id | undefined,
    outgoing: Outgoing,
    retries: boolean
  ): Effect.Effect<PendingRequest<Id, Incoming, Outgoing>, RequestError> {
    return Effect.suspend(() => {
      if (id === undefined) {
        return refused("`idOf` knows no id for this message, so no reply could be told to be its own")
      }
      if (this.pending.has(id)) {
        return refused(`a request with the id ${String(id)} is in flight; an id must differ until its reply came`)
      }
      const pending = new PendingRequest<Id, Incoming, Outgoing>(id, outgoing, retries)
      this.pending.set(id, pending)
      return Effect.succeed(pending)
    })
  }

  /** Nobody waits for it any more; what comes for it from now on is late. */
  forget(pending: PendingRequest<Id, Incoming, Outgoing>): void {
    pending.forget()
    // Once it is settled, its id may be another's.
    if (this.pending.get(pending.id) === pending) this.pending.delete(pending.id)
  }

  /** Sends it, and waits for what becomes of it. */
  exchange(pending: PendingRequest<Id, Incoming, Outgoing>): Effect.Effect<Incoming, RequestError> {
    if (this.closed !== undefined) return pending.closed(this.closed.cause)
    return Effect.matchEffect(this.options.protocol.send(pending.outgoing), {
      // Goes on as soon as the message is handed over, in the same breath: that session is still the one that is open.
      onSuccess: () => {
        if (this.inSession) pending.handedOver()
        else pending.place = "buffer"
        return pending.awaited
      },
      onFailure: (error) => {
        const { reason } = error
        if (reason._tag !== "SendFailed" || reason.cause.reason._tag === "InvalidRequest") return Effect.fail(error)
        if (pending.retries && this.closed === undefined) {
          pending.place = "between"
          return pending.awaited
        }
        pending.delivery = reason.delivery
        return pending.lost(reason.cause)
      }
    })
  }

  // ---------------------------------------------------------------------------
  // from the connection
  // ---------------------------------------------------------------------------

  onBegin(session: ProtocolPrelude<Outgoing>): Effect.Effect<void, ConnectionError> {
    return Effect.suspend(() => {
      this.inSession = true
      const again: Array<PendingRequest<Id, Incoming, Outgoing>> = []
      for (const pending of this.pending.values()) {
        if (pending.place === "buffer") pending.handedOver()
        else if (pending.place === "between") again.push(pending)
      }
      return Effect.forEach(again, (pending) => this.sendAgain(session, pending), { discard: true })
    })
  }

  private sendAgain(
    session: ProtocolPrelude<Outgoing>,
    pending: PendingRequest<Id, Incoming, Outgoing>
  ): Effect.Effect<void, ConnectionError> {
    return Effect.suspend(() => {
      if (pending.forgotten || pending.place !== "between") return Effect.void
      const sending = Effect.map(session.send(pending.outgoing), () => pending.handedOver())
      return Effect.catch(Effect.raceFirst(sending, pending.over), (error) => {
        // The session has ended, and with it this prelude; the next one sends it.
        if (error.reason._tag !== "SendFailed" || error.reason.cause.reason._tag !== "InvalidRequest") {
          return Effect.fail(error)
        }
        this.settle(pending, Effect.fail(error))
        return Effect.void
      })
    })
  }

  onEnd(error: ConnectionError): void {
    this.inSession = false
    for (const pending of this.pending.values()) {
      if (pending.place !== "session") continue
      if (pending.retries) pending.place = "between"
      else this.settle(pending, pending.lost(error))
    }
  }

  onClosed(exit: Exit.Exit<void, ConnectionError>): void {
    if (this.closed !== undefined) return
    this.inSession = false
    this.closed = { cause: Exit.isFailure(exit) ? exit.cause : undefined }
    for (const pending of this.pending.values()) {
      // What waits in `send` is told by it.
      if (pending.place !== "queue") this.settle(pending, pending.closed(this.closed.cause))
    }
  }

  /** Those who made these requests outlive their correlation. */
  close(): void {
    this.closed ??= { cause: undefined }
    for (const pending of this.pending.values()) this.settle(pending, pending.closed(undefined))
  }

  private settle(
    pending: PendingRequest<Id, Incoming, Outgoing>,
    outcome: Effect.Effect<Incoming, RequestError>
  ): void {
    this.pending.delete(pending.id)
    pending.settle(outcome)
  }
}

const refused = (problem: string): Effect.Effect<never, ConnectionError> =>
  Effect.fail(sendFailed(new ConnectionError({ reason: new InvalidRequest({ option: "id", problem }) })))
