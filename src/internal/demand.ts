/**
 * What is asked of a connection by its users, and how the fiber that works for
 * it waits for that.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { CloseRequest } from "./closingHandshake.ts"
import { Waiters, waitFor } from "./wait.ts"

export interface ReconnectRequest extends CloseRequest {
  /** Whether to wait until the moment the peer asked for. */
  readonly respectFloor: boolean
}

/** The waiters are woken whenever something is asked for, or a session has ended. */
export class Demand extends Waiters {
  /** Whether anybody wants a session at all: a lazy connection is not used yet. */
  wanted: boolean
  /** For good; the first one counts. */
  close: CloseRequest | undefined = undefined
  /** Another session. */
  reconnect: ReconnectRequest | undefined = undefined
  private isTakenUp = false
  private readonly askers = new Waiters()

  constructor(wanted: boolean) {
    super()
    this.wanted = wanted
  }

  /** Of two requests the more urgent one counts, of equals the first. */
  askReconnect(request: ReconnectRequest): void {
    if (this.reconnect !== undefined && request.respectFloor) return
    this.reconnect = request
    this.isTakenUp = false
  }

  /** Waits until the reconnect that was asked for is taken up. */
  get takenUp(): Effect.Effect<void> {
    return Effect.suspend(() => this.isTakenUp ? Effect.void : waitFor((wake) => this.askers.add(wake), Effect.void))
  }

  /** Another session is on its way: its dial begins, or waits for nothing but the floor. Or there will be none any more. */
  takeUp(): void {
    this.isTakenUp = true
    this.askers.wakeAll()
  }

  /** Waits until a close is asked for. */
  get closing(): Effect.Effect<void> {
    return this.until(() => this.close !== undefined)
  }

  /** Sleeps, but no longer than until a close is asked for or the condition holds. */
  sleepUnless(delay: Duration.Duration, condition: () => boolean): Effect.Effect<void> {
    if (!Duration.isPositive(delay)) return Effect.void
    return Effect.raceFirst(Effect.sleep(delay), this.until(() => this.close !== undefined || condition()))
  }

  private until(condition: () => boolean): Effect.Effect<void> {
    const check: Effect.Effect<void> = Effect.suspend(() =>
      condition() ? Effect.void : waitFor((wake) => this.add(wake), check)
    )
    return check
  }
}
