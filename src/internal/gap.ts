/**
 * An interruption, as those are told of it who must know before they go on.
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type { ConnectionError } from "../ConnectionError.ts"
import type { ProtocolPrelude } from "../Protocol.ts"
import { Waiters, waitFor } from "./wait.ts"

/**
 * A time without a session, between two of them.
 */
export interface Gap<Outgoing> {
  /** From the end of the session before to the beginning of the next. */
  readonly downtime: Duration.Duration
  /** Why the session before ended. */
  readonly previous: ConnectionError
  /** The session that is open now; its `send` fails once it has ended too. */
  readonly next: ProtocolPrelude<Outgoing>
}

/** The place of a gap in what somebody reads. It is open until the next session is there, and everybody was told. */
export class GapTicket<Outgoing> {
  readonly previous: ConnectionError
  /** None where the connection closed instead. */
  private told: Option.Option<Gap<Outgoing>> | undefined = undefined
  private readonly waiters = new Waiters()

  constructor(previous: ConnectionError) {
    this.previous = previous
  }

  /** Only the first answer counts. */
  tell(gap: Option.Option<Gap<Outgoing>>): void {
    this.told ??= gap
    this.waiters.wakeAll()
  }

  /** Waits until it is told. */
  get awaited(): Effect.Effect<Option.Option<Gap<Outgoing>>> {
    const next: Effect.Effect<Option.Option<Gap<Outgoing>>> = Effect.suspend(() =>
      this.told === undefined ? waitFor((wake) => this.waiters.add(wake), next) : Effect.succeed(this.told)
    )
    return next
  }
}
