/**
 * What waits to be sent, in the order in which it came: senders that suspended,
 * and frames that were accepted while no session was open, within bounds.
 */
import * as Effect from "effect/Effect"
import type { ConnectionError } from "../ConnectionError.ts"
import type { Message } from "../Link.ts"
import type { Journal } from "./journal.ts"
import { messageSize } from "./messageSize.ts"
import { sendFailed } from "./sendFailures.ts"

/** What a send does while no session is open. */
export type WhileDisconnected =
  | { readonly mode: "suspend" | "fail" | "drop" }
  | {
    readonly mode: "buffer"
    readonly messages: number
    readonly bytes: number
    readonly overflow: "suspend" | "fail" | "dropOldest" | "dropNewest"
  }

type Buffering = Extract<WhileDisconnected, { readonly mode: "buffer" }>

/** What ends the wait of a suspended send, but for its turn: `any` session comes, as `policy` says, or this `session` ends. */
export type WaitsFor = "any" | "policy" | "session"

export interface Entry {
  /** Counts what came to wait, in order. */
  readonly number: number
  readonly message: Message
  readonly bytes: number
  /** True once `send` returned: the frame is ours now, and counts against the buffer's bounds. */
  readonly buffered: boolean
  readonly waitsFor: WaitsFor
  /** Told the outcome; undefined for buffered frames, and for senders that are gone. */
  settle: ((outcome: Effect.Effect<void, ConnectionError>) => void) | undefined
}

export class SendQueue {
  private readonly policy: WhileDisconnected
  private readonly journal: Journal
  private entries: Array<Entry> = []
  /** The number of the newest that ever waited. */
  newest = 0
  private bufferedMessages = 0
  private bufferedBytes = 0

  constructor(policy: WhileDisconnected, journal: Journal) {
    this.policy = policy
    this.journal = journal
  }

  get length(): number {
    return this.entries.length
  }

  /** What goes next; undefined where nothing waits. */
  get head(): Entry | undefined {
    return this.entries[0]
  }

  /** A sender suspends; `settle` is called once, unless it leaves before. */
  wait(message: Message, waitsFor: WaitsFor, settle: NonNullable<Entry["settle"]>): Entry {
    const number = ++this.newest
    const entry: Entry = { number, message, bytes: messageSize(message), buffered: false, waitsFor, settle }
    this.entries.push(entry)
    return entry
  }

  /** A sender is gone. False where it did not wait any more. */
  leave(entry: Entry): boolean {
    entry.settle = undefined
    const index = this.entries.indexOf(entry)
    if (index < 0) return false
    this.entries.splice(index, 1)
    return true
  }

  /** A frame to buffer. `suspend` and `fail`: there is no room, and nothing was taken or dropped. */
  buffer(message: Message, policy: Buffering): "kept" | "dropped" | "suspend" | "fail" {
    const bytes = messageSize(message)
    const decision = this.makeRoom(bytes, policy)
    if (decision === "kept") this.keep(++this.newest, message, bytes)
    return decision
  }

  private makeRoom(bytes: number, policy: Buffering): "kept" | "dropped" | "suspend" | "fail" {
    if (this.fits(bytes, policy)) return "kept"
    const { overflow } = policy
    if (overflow === "suspend" || overflow === "fail") return overflow
    // A message larger than the whole buffer pushes out none of the others.
    if (overflow === "dropOldest" && bytes <= policy.bytes) {
      while (!this.fits(bytes, policy) && this.dropOldest()) {}
      if (this.fits(bytes, policy)) return "kept"
    }
    this.journal.dropped("outbound", overflow, 1, bytes)
    return "dropped"
  }

  private fits(bytes: number, policy: Buffering): boolean {
    return this.bufferedMessages + 1 <= policy.messages && this.bufferedBytes + bytes <= policy.bytes
  }

  private keep(number: number, message: Message, bytes: number): void {
    // The caller may change its bytes once `send` has returned.
    const kept = typeof message === "string" ? message : new Uint8Array(message)
    this.entries.push({ number, message: kept, bytes, buffered: true, waitsFor: "policy", settle: undefined })
    this.bufferedMessages++
    this.bufferedBytes += bytes
  }

  private dropOldest(): boolean {
    const index = this.entries.findIndex((entry) => entry.buffered)
    if (index < 0) return false
    const [entry] = this.entries.splice(index, 1)
    this.unbuffer(entry!)
    this.journal.dropped("outbound", "dropOldest", 1, entry!.bytes)
    return true
  }

  private unbuffer(entry: Entry): void {
    if (!entry.buffered) return
    this.bufferedMessages--
    this.bufferedBytes -= entry.bytes
  }

  /** The head was handed over. */
  sent(): void {
    const entry = this.entries.shift()!
    this.unbuffer(entry)
    entry.settle?.(Effect.void)
  }

  /** The session ended: senders that suspended above its mark fall under the policy now. */
  sessionEnded(error: ConnectionError): void {
    const waiting = this.entries
    this.entries = []
    const settled: Array<readonly [Entry, Effect.Effect<void, ConnectionError>]> = []
    for (const entry of waiting) {
      if (entry.waitsFor === "session") {
        settled.push([entry, Effect.fail(sendFailed(error))])
      } else if (entry.buffered || entry.waitsFor === "any" || this.policy.mode === "suspend") {
        this.entries.push(entry)
      } else {
        const outcome = this.fallUnder(this.policy, entry, error)
        if (outcome === undefined) this.entries.push(entry)
        else settled.push([entry, outcome])
      }
    }
    // Not before all are in their places: a sender goes on at once, and what it sends next must not overtake them.
    for (const [entry, outcome] of settled) entry.settle?.(outcome)
  }

  /** The outcome; undefined where it goes on waiting. */
  private fallUnder(
    policy: WhileDisconnected,
    entry: Entry,
    error: ConnectionError
  ): Effect.Effect<void, ConnectionError> | undefined {
    const decision = policy.mode === "buffer" ? this.makeRoom(entry.bytes, policy) : policy.mode
    switch (decision) {
      case "suspend":
        return undefined
      case "fail":
        return Effect.fail(sendFailed(error))
      case "drop":
        this.journal.dropped("outbound", "whileDisconnected", 1, entry.bytes)
        return Effect.void
      case "kept":
        this.keep(entry.number, entry.message, entry.bytes)
        return Effect.void
      case "dropped":
        return Effect.void
    }
  }

  /** Whoever waits is told, buffered frames are dropped and counted; the result says whether there were any. */
  close(end: Effect.Effect<never, ConnectionError>): boolean {
    const waiting = this.entries
    const hadBuffered = this.bufferedMessages > 0
    this.entries = []
    this.bufferedMessages = this.bufferedBytes = 0
    for (const entry of waiting) {
      if (entry.buffered) this.journal.dropped("outbound", "closed", 1, entry.bytes)
      entry.settle?.(Effect.mapError(end, (error) => sendFailed(error)))
    }
    return hadBuffered
  }
}
