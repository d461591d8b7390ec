/**
 * One request on its way: where it is, and what has become of it.
 */
import type { Cause } from "effect/Cause"
import * as Effect from "effect/Effect"
import { ConnectionClosed, ConnectionError } from "../ConnectionError.ts"
import { RequestLost, type RequestTimedOut } from "./requestErrors.ts"
import { Waiters, waitFor } from "./wait.ts"

/** With what a request fails. */
export type RequestError = RequestTimedOut | RequestLost | ConnectionError

/**
 * Where it is:
 *
 * - `queue`: its `send` has not returned;
 * - `buffer`: its `send` returned while no session was open, so it goes with the next one, or was dropped;
 * - `session`: in the hands of the session that is open;
 * - `between`: waits to be sent again by the next session.
 */
export type Place = "queue" | "buffer" | "session" | "between"

export class PendingRequest<Id, Incoming, Outgoing> {
  readonly id: Id
  readonly outgoing: Outgoing
  readonly retries: boolean
  place: Place = "queue"
  /** What is known of its delivery: once it was handed over, that stays so. */
  delivery: "notSent" | "unknown" = "notSent"
  /** Set once. */
  outcome: Effect.Effect<Incoming, RequestError> | undefined = undefined
  /** Nobody waits for it any more. */
  forgotten = false
  private readonly waiters = new Waiters()

  constructor(id: Id, outgoing: Outgoing, retries: boolean) {
    this.id = id
    this.outgoing = outgoing
    this.retries = retries
  }

  /** A session has it: the peer may carry it out from now on. */
  handedOver(): void {
    this.place = "session"
    this.delivery = "unknown"
  }

  /** Only the first outcome counts. */
  settle(outcome: Effect.Effect<Incoming, RequestError>): void {
    if (this.outcome !== undefined) return
    this.outcome = outcome
    this.waiters.wakeAll()
  }

  lost(cause: ConnectionError): Effect.Effect<never, RequestLost> {
    return Effect.fail(new RequestLost({ id: this.id, delivery: this.delivery, cause }))
  }

  /** The same, because there will be no other session; undefined where we closed it. */
  closed(cause: Cause<ConnectionError> | undefined): Effect.Effect<never, RequestLost> {
    if (cause === undefined) return this.lost(new ConnectionError({ reason: new ConnectionClosed({}) }))
    return Effect.catch(Effect.failCause(cause), (error) => this.lost(error))
  }

  forget(): void {
    this.forgotten = true
    this.waiters.wakeAll()
  }

  /** Waits for the outcome. */
  get awaited(): Effect.Effect<Incoming, RequestError> {
    const next: Effect.Effect<Incoming, RequestError> = Effect.suspend(() =>
      this.outcome ?? waitFor((wake) => this.waiters.add(wake), next)
    )
    return next
  }

  /** Waits until nobody needs it sent: it has its outcome, or was forgotten. */
  get over(): Effect.Effect<void> {
    const next: Effect.Effect<void> = Effect.suspend(() =>
      this.forgotten || this.outcome !== undefined ? Effect.void : waitFor((wake) => this.waiters.add(wake), next)
    )
    return next
  }
}
