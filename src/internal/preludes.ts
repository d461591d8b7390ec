/**
 * What goes first in every session: after `greet`, and before any frame of the
 * connection's users.
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import type * as Option from "effect/Option"
import type { ConnectionError } from "../ConnectionError.ts"
import type { Message } from "../Link.ts"

/** A session that has just opened, for who may speak first in it. */
export interface PreludeSession {
  /** Counts the sessions of a connection, from 1. */
  readonly id: number
  /** Origin and path; never credentials, never the query. */
  readonly endpoint: string
  /** The one that the server chose, if any. */
  readonly subprotocol: Option.Option<string>
  /** How long no session was open, or, of the first, how long it took. */
  readonly downtime: Duration.Duration
  /** Why the session before it ended, or the last attempt failed; none at first. */
  readonly previous: Option.Option<ConnectionError>
  /**
   * Goes before everything that waits to be sent; suspends above the high-water
   * mark, and within the rate limit. Once the preludes of this session are over it
   * is the session's ordinary `send`. Fails with `SendFailed` once it has ended.
   */
  readonly send: (message: Message) => Effect.Effect<void, ConnectionError>
  /** Waits for the end, and tells why. */
  readonly ended: Effect.Effect<ConnectionError>
}

export type Prelude = (session: PreludeSession) => Effect.Effect<void, ConnectionError>

interface Registered {
  readonly run: Prelude
  readonly removed: Latch.Latch
}

export class Preludes {
  private readonly registered = new Set<Registered>()

  get isEmpty(): boolean {
    return this.registered.size === 0
  }

  /** Runs it in every session from the next one on; the result forgets it, and interrupts it where it runs. */
  add(run: Prelude): () => void {
    const entry: Registered = { run, removed: Latch.makeUnsafe() }
    this.registered.add(entry)
    return () => {
      this.registered.delete(entry)
      entry.removed.openUnsafe()
    }
  }

  /** One after the other, in the order in which they were added. */
  play(session: PreludeSession): Effect.Effect<void, ConnectionError> {
    return Effect.forEach(
      [...this.registered],
      (entry) =>
        Effect.suspend(() =>
          // It may have been removed while another one ran.
          this.registered.has(entry)
            ? Effect.raceFirst(Effect.suspend(() => entry.run(session)), entry.removed.await)
            : Effect.void
        ),
      { discard: true }
    )
  }
}
