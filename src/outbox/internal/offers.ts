/** Those who wait until their message is stored, in the order in which they came. */
import * as Effect from "effect/Effect"
import { Waiters, waitFor } from "../../internal/wait.ts"
import type { OutboxError } from "./outboxStatus.ts"

/** A message that somebody wants stored. */
export interface Offer {
  readonly payload: string
  /** Told the outcome, the message's number; undefined once the sender is gone. */
  settle: ((outcome: Effect.Effect<number, OutboxError>) => void) | undefined
}

/** A batch has at most this many messages and characters, unless one message alone has more. */
const limits = { messages: 1024, characters: 1024 * 1024 }

export class Offers {
  private waiting: Array<Offer> = []
  private taken: ReadonlyArray<Offer> = []
  private readonly arrived = new Waiters()
  private end: Effect.Effect<never, OutboxError> | undefined = undefined

  /** Why nothing is accepted any more. */
  get closed(): Effect.Effect<never, OutboxError> | undefined {
    return this.end
  }

  get isEmpty(): boolean {
    return this.waiting.length === 0 && this.taken.length === 0
  }

  /** Waits until the message is stored. Who is interrupted before a batch takes it has sent nothing. */
  offer(payload: string): Effect.Effect<number, OutboxError> {
    return Effect.callback((resume) => {
      if (this.end !== undefined) return resume(this.end)
      const offer: Offer = { payload, settle: resume }
      this.waiting.push(offer)
      this.arrived.wakeAll()
      return Effect.sync(() => {
        offer.settle = undefined
        const index = this.waiting.indexOf(offer)
        if (index >= 0) this.waiting.splice(index, 1)
      })
    })
  }

  /** The next batch, as soon as there is one. */
  get take(): Effect.Effect<ReadonlyArray<Offer>> {
    return Effect.suspend(() => {
      const { waiting } = this
      if (waiting.length === 0) return waitFor((wake) => this.arrived.add(wake), this.take)
      let count = 1
      let characters = waiting[0]!.payload.length
      while (count < waiting.length && count < limits.messages) {
        characters += waiting[count]!.payload.length
        if (characters > limits.characters) break
        count++
      }
      this.taken = waiting.splice(0, count)
      return Effect.succeed(this.taken)
    })
  }

  /** The batch that was taken is stored, from this number on. */
  stored(first: number): void {
    const { taken } = this
    this.taken = []
    taken.forEach((offer, index) => offer.settle?.(Effect.succeed(first + index)))
  }

  /** From now on everything fails, and so does what waits. */
  close(error: OutboxError): void {
    if (this.end !== undefined) return
    this.end = Effect.fail(error)
    for (const offer of [...this.taken, ...this.waiting]) offer.settle?.(this.end)
    this.waiting = []
    this.taken = []
  }
}
