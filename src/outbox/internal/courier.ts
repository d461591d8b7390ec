/**
 * The connection's side of an outbox: sends in order within the window, and after
 * a loss the whole window again, before anything else.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import type * as Result from "effect/Result"
import type { ConnectionService, Message } from "../../Connection.ts"
import type { ConnectionError } from "../../ConnectionError.ts"
import type { Backlog } from "./backlog.ts"
import type { Condition } from "./condition.ts"
import type { Entry } from "./log.ts"

/** What a message is sent as. */
export interface Outgoing {
  readonly id: string
  readonly frame: Message
}

/** A message that was stored, and can be sent no more. */
export interface Undeliverable {
  /** Its number in the outbox. */
  readonly sequence: number
  /** As it was stored: JSON. */
  readonly payload: string
  /** Why. */
  readonly cause: unknown
}

interface Session {
  readonly id: number
  readonly send: (message: Message) => Effect.Effect<void, ConnectionError>
}

export interface CourierOptions {
  readonly backlog: Backlog
  readonly condition: Condition
  readonly inFlight: number
  /** How a stored message is sent; fails with why it cannot be. */
  readonly pack: (entry: Entry) => Result.Result<Outgoing, unknown>
  /** Where this succeeds, the message is removed and those after it go on. */
  readonly onUndeliverable: ((message: Undeliverable) => Effect.Effect<void, unknown>) | undefined
}

export class Courier {
  private readonly options: CourierOptions
  /** The session that is sent over, once all that was under way has been sent again over it. */
  private session: Session | undefined = undefined
  /** The newest session that was begun with. */
  private begun = 0
  /** The next message, where it cannot be sent. */
  private rejected: Undeliverable | undefined = undefined
  private stuck = false

  constructor(options: CourierOptions) {
    this.options = options
  }

  /** Runs at the beginning of each session. */
  begin(session: Session): Effect.Effect<void, ConnectionError> {
    const { backlog } = this.options
    return Effect.gen({ self: this }, function*() {
      if (this.begun >= session.id || backlog.isClosed) return
      this.begun = session.id
      this.session = undefined
      for (const slot of backlog.window.unacknowledged()) yield* session.send(slot.frame)
      // What a process before this one left comes before anything else too; a window of it, since all others wait.
      yield* this.ship(session, this.options.inFlight - backlog.window.size)
      if (this.begun !== session.id) return
      this.session = session
      backlog.wake()
    })
  }

  /** Sends what comes, session after session. */
  get run(): Effect.Effect<never> {
    const { backlog } = this.options
    const next: Effect.Effect<never> = Effect.suspend(() => {
      const { session } = this
      if (session === undefined || !this.hasCargo) return backlog.awaitCargo(next)
      return Effect.andThen(
        Effect.catch(this.ship(session, Infinity), () =>
          Effect.sync(() => {
            // All of it is in the window: the next session begins with it.
            if (this.session === session) this.session = undefined
          })),
        Effect.andThen(this.deadLetter, next)
      )
    })
    return next
  }

  private get hasCargo(): boolean {
    const { backlog, inFlight } = this.options
    return !this.stuck && !backlog.isClosed && backlog.head !== undefined && backlog.window.size < inFlight
  }

  /** As many as there are and as the window takes, `limit` at most, up to one that cannot be sent. */
  private ship(session: Session, limit: number): Effect.Effect<void, ConnectionError> {
    const { backlog, condition, pack } = this.options
    return Effect.gen({ self: this }, function*() {
      for (let count = 0; count < limit && this.hasCargo; count++) {
        const entry = backlog.head!
        const packed = pack(entry)
        if (packed._tag === "Failure") {
          this.rejected = { ...entry, cause: packed.failure }
          break
        }
        backlog.shift()
        backlog.window.add({ sequence: entry.sequence, ...packed.success, acknowledged: false })
        yield* session.send(packed.success.frame)
      }
      yield* condition.changed
    })
  }

  /** Where the next message cannot be sent: it goes to who wants it, or holds up everything, and says so. */
  private get deadLetter(): Effect.Effect<void> {
    return Effect.suspend(() => {
      const message = this.rejected
      if (message === undefined) return Effect.void
      this.rejected = undefined
      const { backlog, condition, onUndeliverable } = this.options
      const block = (why: string) =>
        Effect.suspend(() => {
          this.stuck = true
          condition.block(message)
          return Effect.andThen(
            condition.changed,
            Effect.logError(
              `message ${message.sequence} of the outbox cannot be sent, and holds up those after it${why}`,
              message.cause
            )
          )
        })
      if (onUndeliverable === undefined) return block("")
      return Effect.matchCauseEffect(onUndeliverable(message), {
        onSuccess: () =>
          Effect.sync(() => {
            backlog.shift()
            backlog.giveUp(message.sequence)
          }),
        onFailure: (cause) =>
          Cause.hasInterruptsOnly(cause) ? Effect.interrupt : block(`; onUndeliverable failed: ${Cause.pretty(cause)}`)
      })
    })
  }
}

/** Begins with a session that was open before any prelude was there for it. */
export const beginWithOpen = (connection: ConnectionService, courier: Courier): Effect.Effect<void> =>
  Effect.flatMap(connection.status, (status) => {
    if (status._tag !== "Open") return Effect.void
    const begun = Latch.makeUnsafe()
    const use = (session: Session) =>
      Effect.ensuring(session.id === status.session ? courier.begin(session) : Effect.void, begun.open)
    // Another one has its prelude. Who is handed a session and stays would keep what it receives from being forgotten.
    return Effect.ignore(Effect.raceFirst(connection.withSessions(use), begun.await))
  })
