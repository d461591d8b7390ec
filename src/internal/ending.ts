/**
 * The end of a connection for good: how it came, and who is told.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import { ConnectionClosed, type ConnectionError } from "../ConnectionError.ts"
import type { Attempts } from "./attempts.ts"
import type { Inbox } from "./inbox.ts"
import type { Journal } from "./journal.ts"
import type { Outbox } from "./outbox.ts"
import type { SessionLifecycle } from "./sessionLifecycle.ts"
import { Waiters, waitFor } from "./wait.ts"

/** How a connection ended for good. */
export type Terminal =
  | { readonly _tag: "ClosedByUs" }
  | { readonly _tag: "GaveUp"; readonly error: ConnectionError }
  | { readonly _tag: "Died"; readonly cause: Cause.Cause<never> }

/** What ends. */
export interface Ended {
  readonly scope: Scope.Closeable
  readonly attempts: Attempts
  readonly lifecycle: SessionLifecycle
  readonly journal: Journal
  readonly inbox: Inbox
  readonly outbox: Outbox
}

/** Those who wait for the end, and what they are told. */
export class Ending extends Waiters {
  closedByUs = false
  private cause: Cause.Cause<ConnectionError> | undefined = undefined

  get isReached(): boolean {
    return this.cause !== undefined
  }

  /** Waits for it. */
  get reached(): Effect.Effect<void> {
    return Effect.suspend(() => this.isReached ? Effect.void : waitFor((wake) => this.add(wake), Effect.void))
  }

  /** Once it is reached: fails with what whoever waits on a closed connection is told. */
  get failure(): Effect.Effect<never, ConnectionError> {
    return Effect.suspend(() => Effect.failCause(this.cause!))
  }

  /** Waits for it: succeeds where we closed the connection, fails where it gave up. */
  get outcome(): Effect.Effect<void, ConnectionError> {
    return Effect.andThen(this.reached, Effect.suspend(() => this.closedByUs ? Effect.void : this.failure))
  }

  /** Frees what the connection holds, then tells everybody. Only the first end counts. */
  reach(terminal: Terminal, connection: Ended): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (this.isReached) return Effect.void
      const { attempts, inbox, journal, lifecycle, outbox, scope } = connection
      if (terminal._tag === "ClosedByUs" && journal.status._tag !== "Closing") {
        journal.transition({ _tag: "Closing" })
      }
      // What a defect left open.
      if (lifecycle.current !== undefined) {
        inbox.detach()
        outbox.detach(attempts.error(new ConnectionClosed({})))
      }
      return Effect.andThen(Scope.close(scope, Exit.void), Effect.suspend(() => this.tell(terminal, connection)))
    })
  }

  private tell(terminal: Terminal, { attempts, inbox, journal, lifecycle, outbox }: Ended): Effect.Effect<void> {
    this.closedByUs = terminal._tag === "ClosedByUs"
    this.cause = causeOf(terminal, attempts)
    const session = lifecycle.current
    lifecycle.current = undefined
    outbox.close(this.failure, this.closedByUs)
    inbox.finishAll(this.closedByUs ? Cause.done() : this.failure)
    session?.settle(this.cause)
    const cause = terminal._tag === "GaveUp" ? Option.some(terminal.error) : Option.none<ConnectionError>()
    const numbers = { cause, attempts: attempts.number, dials: attempts.dials }
    journal.settle()
    journal.transition({ _tag: "Closed", ...numbers })
    journal.publish("Closed", () => numbers)
    journal.finish()
    this.wakeAll()
    switch (terminal._tag) {
      case "ClosedByUs":
        return Effect.void
      case "GaveUp":
        return attempts.annotate(Effect.logWarning(
          `closed for good after ${attempts.dials} ${
            attempts.dials === 1 ? "dial" : "dials"
          }: ${terminal.error.message}`
        ))
      case "Died":
        return attempts.annotate(Effect.logError("closed by a defect", terminal.cause))
    }
  }
}

const causeOf = (terminal: Terminal, attempts: Attempts): Cause.Cause<ConnectionError> => {
  switch (terminal._tag) {
    case "ClosedByUs":
      return Cause.fail(attempts.error(new ConnectionClosed({})))
    case "GaveUp":
      return Cause.fail(terminal.error)
    case "Died":
      return terminal.cause
  }
}
