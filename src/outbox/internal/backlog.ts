/**
 * The messages that are stored and not acknowledged, as far as they are in
 * memory: those that were sent, and the next ones.
 */
import * as Effect from "effect/Effect"
import { Waiters, waitFor } from "../../internal/wait.ts"
import type { Entry } from "./log.ts"
import { type Acknowledgement, Window } from "./window.ts"

/** How many messages are read ahead, and how many that were just stored need not be read. */
export const ahead = 256
const kept = 1024
/** How many are removed at once. */
const removedAtOnce = 4096

/** What the store is to do: remove these, or read from `from` on. */
export type Errand =
  | { readonly _tag: "Remove"; readonly sequences: ReadonlyArray<number> }
  | { readonly _tag: "Read"; readonly from: number; readonly before: number }

export class Backlog {
  readonly window = new Window()
  /** The number of the next message to store. */
  next = 1
  /** How many are stored. */
  pending = 0
  /** The next to be sent, in order, and the number up to which all are in here or were. */
  private ready: Array<Entry> = []
  private loaded = 0
  /** Acknowledged or given up, and still stored. */
  private gone: Array<number> = []
  private readonly forStore = new Waiters()
  private readonly forPeer = new Waiters()
  private readonly forEmpty = new Waiters()

  private isOpened = false

  get isEmpty(): boolean {
    return this.isOpened && this.pending === 0
  }

  opened(log: { readonly next: number; readonly pending: number }): void {
    this.isOpened = true
    this.next = log.next
    this.pending = log.pending
    this.loaded = this.pending === 0 ? this.next - 1 : 0
    this.forEmpty.wakeAll()
  }

  // ---------------------------------------------------------------------------
  // the store's side
  // ---------------------------------------------------------------------------

  /** These are stored, from `next` on. */
  stored(payloads: ReadonlyArray<string>): void {
    const first = this.next
    this.next += payloads.length
    this.pending += payloads.length
    // Without a detour by the store, where nothing stands between.
    if (this.loaded === first - 1 && this.ready.length < kept) {
      payloads.forEach((payload, index) => this.ready.push({ sequence: first + index, payload }))
      this.loaded = this.next - 1
      this.forPeer.wakeAll()
    } else this.forStore.wakeAll()
  }

  /** What the store is to do next, as soon as there is something. */
  get errand(): Effect.Effect<Errand> {
    return Effect.suspend(() => {
      const sequences = this.gone.splice(0, removedAtOnce)
      if (sequences.length > 0) return Effect.succeed<Errand>({ _tag: "Remove", sequences })
      if (this.ready.length <= ahead / 2 && this.loaded + 1 < this.next) {
        return Effect.succeed<Errand>({ _tag: "Read", from: this.loaded + 1, before: this.next })
      }
      return waitFor((wake) => this.forStore.add(wake), this.errand)
    })
  }

  /** What the store had, `ahead` being asked for. What it was not yet said to have is left for the next time. */
  read(entries: ReadonlyArray<Entry>, { before }: Extract<Errand, { readonly _tag: "Read" }>): void {
    for (const entry of entries) {
      if (entry.sequence >= before) break
      this.ready.push(entry)
      this.loaded = entry.sequence
    }
    if (entries.length < ahead) this.loaded = before - 1
    this.forPeer.wakeAll()
  }

  /** The store has them no more. */
  removed(sequences: ReadonlyArray<number>): void {
    for (const sequence of sequences) this.window.remove(sequence)
    this.pending -= sequences.length
    this.forPeer.wakeAll()
    if (this.pending === 0) this.forEmpty.wakeAll()
  }

  // ---------------------------------------------------------------------------
  // the peer's side
  // ---------------------------------------------------------------------------

  /** The next message to send, if there is one. */
  get head(): Entry | undefined {
    return this.ready[0]
  }

  /** It was sent, or given up. */
  shift(): void {
    this.ready.shift()
    if (this.ready.length <= ahead / 2) this.forStore.wakeAll()
  }

  /** The peer has it, or nobody wants it any more. */
  giveUp(sequence: number): void {
    this.gone.push(sequence)
    this.forStore.wakeAll()
  }

  acknowledge(ack: Acknowledgement): void {
    const slots = this.window.acknowledge(ack)
    if (slots.length === 0) return
    for (const { sequence } of slots) this.gone.push(sequence)
    this.forStore.wakeAll()
  }

  /** Goes on with `next` when something has changed for who sends. */
  awaitCargo<A, E>(next: Effect.Effect<A, E>): Effect.Effect<A, E> {
    return waitFor((wake) => this.forPeer.add(wake), next)
  }

  /** Who sends has a session again. */
  wake(): void {
    this.forPeer.wakeAll()
  }

  /** Goes on with `next` when there may be nothing left, or never will be. */
  awaitEmpty<A, E>(next: Effect.Effect<A, E>): Effect.Effect<A, E> {
    return waitFor((wake) => this.forEmpty.add(wake), next)
  }

  /** Nothing can be stored or removed any more: what would leave now would never be done with. */
  isClosed = false

  close(): void {
    this.isClosed = true
    this.forEmpty.wakeAll()
  }
}
