/**
 * Holds up the socket while somebody who must not miss anything is behind.
 *
 * It is a subscription of the connection that nobody reads: to the connection it
 * is a slow reader like any other, so `inbound.highWaterMark`, `overflow` and
 * `maxPause` mean what they mean for those. While nobody is behind there is none,
 * and it costs nothing.
 */
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type { ConnectionService } from "../Connection.ts"

export class Brake {
  private readonly subscribe: ConnectionService["subscribe"]
  private readonly run: (effect: Effect.Effect<void>) => Fiber.Fiber<void>
  private readonly behind = new Set<unknown>()
  private holding: Fiber.Fiber<void> | undefined = undefined

  constructor(
    subscribe: ConnectionService["subscribe"],
    run: (effect: Effect.Effect<void>) => Fiber.Fiber<void>
  ) {
    this.subscribe = subscribe
    this.run = run
  }

  get isOn(): boolean {
    return this.behind.size > 0
  }

  /** Somebody is behind. */
  hold(who: unknown): void {
    this.behind.add(who)
    this.holding ??= this.run(Effect.scoped(Effect.andThen(this.subscribe, Effect.never)))
  }

  /** And is not any more. */
  release(who: unknown): void {
    this.behind.delete(who)
    if (this.isOn || this.holding === undefined) return
    this.holding.interruptUnsafe()
    this.holding = undefined
  }
}
