/**
 * What waits to be sent, in the order in which it came: senders that suspended,
 * and frames that were accepted while no session was open, within bounds. A frame
 * with the key of another takes its place.
 */
import * as Effect from "effect/Effect"
import type { ConnectionError } from "../ConnectionError.ts"
import type { Message } from "../Link.ts"
import type { Journal } from "./journal.ts"
import { messageSize } from "./messageSize.ts"
import { sendFailed } from "./sendFailures.ts"
import { expired, nothingWanted, replaced, type Wanted } from "./sendOptions.ts"
import { type Entry, type Frame, type Settle, WaitingLine, type WaitsFor } from "./waitingLine.ts"

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

/** A suspended sender's own frame, and where it waits. */
export interface Ticket {
  readonly entry: Entry
  readonly frame: Frame
}

/** Which frames do not make room for another one. */
interface Limits {
  /** This one and all behind it, which are newer. */
  readonly before?: Entry
  /** This one, whose place the other takes. */
  readonly spared?: Entry | undefined
}

type Settled = readonly [Frame, Effect.Effect<void, ConnectionError>]

export class SendQueue {
  private readonly policy: WhileDisconnected
  private readonly journal: Journal
  private readonly line = new WaitingLine()
  /** The number of the newest that ever waited. */
  newest = 0
  private bufferedMessages = 0
  private bufferedBytes = 0

  constructor(policy: WhileDisconnected, journal: Journal) {
    this.policy = policy
    this.journal = journal
  }

  get length(): number {
    return this.line.length
  }

  /** What goes next; undefined where nothing waits. */
  get head(): Entry | undefined {
    return this.line.head
  }

  /** A sender suspends; `settle` is called once, unless it leaves before. */
  wait(message: Message, waitsFor: WaitsFor, settle: Settle, wanted: Wanted = nothingWanted): Ticket {
    const frame: Frame = { message, bytes: messageSize(message), buffered: false, waitsFor, settle, wanted }
    return { entry: this.put(frame), frame }
  }

  /** A sender is gone. False where it did not wait any more. */
  leave({ entry, frame }: Ticket): boolean {
    if (entry.frame !== frame || !entry.isWaiting) return false
    this.remove(entry)
    return true
  }

  /** A frame to buffer. `suspend` and `fail`: there is no room, and nothing was taken or dropped. */
  buffer(
    message: Message,
    policy: Buffering,
    wanted: Wanted = nothingWanted
  ): "kept" | "dropped" | "suspend" | "fail" {
    const bytes = messageSize(message)
    // What it would replace makes room first, and stays where that is not enough.
    const former = this.line.keyedBy(wanted.replaceKey)
    if (former !== undefined) this.count(former.frame, -1)
    const decision = this.makeRoom(bytes, policy, { spared: former })
    if (former !== undefined) this.count(former.frame, 1)
    if (decision === "kept") {
      this.put(kept({ message, bytes, buffered: true, waitsFor: "policy", settle: undefined, wanted }))
    }
    return decision
  }

  /** Puts a frame behind all others, or in the place of the one with its key. */
  private put(frame: Frame): Entry {
    this.newest++
    this.count(frame, 1)
    const former = this.line.keyedBy(frame.wanted.replaceKey)
    if (former === undefined) return this.line.add(this.newest, frame)
    const old = this.line.replace(former, frame)
    this.count(old, -1)
    if (old.buffered) this.journal.dropped("outbound", "replaced", 1, old.bytes)
    else old.settle?.(Effect.fail(sendFailed(replaced(old.wanted.replaceKey!))))
    return former
  }

  private remove(entry: Entry): void {
    this.line.remove(entry)
    this.count(entry.frame, -1)
  }

  private count(frame: Frame, by: 1 | -1): void {
    if (!frame.buffered) return
    this.bufferedMessages += by
    this.bufferedBytes += by * frame.bytes
  }

  private makeRoom(bytes: number, policy: Buffering, limits: Limits): "kept" | "dropped" | "suspend" | "fail" {
    if (this.fits(bytes, policy)) return "kept"
    const { overflow } = policy
    if (overflow === "suspend" || overflow === "fail") return overflow
    // A message larger than the whole buffer pushes out none of the others.
    if (overflow === "dropOldest" && bytes <= policy.bytes) {
      while (!this.fits(bytes, policy) && this.dropOldest(limits)) {}
      if (this.fits(bytes, policy)) return "kept"
    }
    this.journal.dropped("outbound", overflow, 1, bytes)
    return "dropped"
  }

  private fits(bytes: number, policy: Buffering): boolean {
    return this.bufferedMessages + 1 <= policy.messages && this.bufferedBytes + bytes <= policy.bytes
  }

  private dropOldest({ before, spared }: Limits): boolean {
    for (const entry of this.line) {
      if (entry === before) return false
      if (!entry.frame.buffered || entry === spared) continue
      this.remove(entry)
      this.journal.dropped("outbound", "dropOldest", 1, entry.frame.bytes)
      return true
    }
    return false
  }

  /** The head was handed over. */
  sent(): void {
    const entry = this.line.head!
    this.remove(entry)
    entry.frame.settle?.(Effect.void)
  }

  /** When the first of those that wait expires; undefined where none does. */
  get nextExpiry(): bigint | undefined {
    return this.line.nextToExpire?.expiresAt
  }

  /** What has expired by now is not sent any more; `because` says what held it up. */
  expire(now: bigint, because: () => string): void {
    const settled: Array<Settled> = []
    for (;;) {
      const next = this.line.nextToExpire
      if (next === undefined || next.expiresAt > now) break
      this.remove(next)
      const { frame } = next
      if (frame.buffered) this.journal.dropped("outbound", "expired", 1, frame.bytes)
      else settled.push([frame, Effect.fail(sendFailed(expired(frame.wanted.expireAfter!, because())))])
    }
    settleAll(settled)
  }

  /** The session ended: senders that suspended above its mark fall under the policy now. */
  sessionEnded(error: ConnectionError): void {
    const settled: Array<Settled> = []
    for (const entry of this.line) {
      const outcome = this.outlives(entry, error)
      if (outcome === undefined) continue
      // A frame that is kept is settled, and stays.
      if (!entry.frame.buffered) this.remove(entry)
      settled.push(outcome)
    }
    // Not before all are in their places: a sender goes on at once, and what it sends next must not overtake them.
    settleAll(settled)
  }

  /** The outcome for its sender; undefined where it goes on waiting. */
  private outlives(entry: Entry, error: ConnectionError): Settled | undefined {
    const { frame } = entry
    if (frame.waitsFor === "session") return [frame, Effect.fail(sendFailed(error))]
    if (frame.buffered || frame.waitsFor === "any" || this.policy.mode === "suspend") return undefined
    const decision = this.policy.mode === "buffer"
      ? this.makeRoom(frame.bytes, this.policy, { before: entry })
      : this.policy.mode
    switch (decision) {
      case "suspend":
        return undefined
      case "fail":
        return [frame, Effect.fail(sendFailed(error))]
      case "drop":
        this.journal.dropped("outbound", "whileDisconnected", 1, frame.bytes)
        return [frame, Effect.void]
      case "kept":
        entry.frame = kept({ ...frame, buffered: true, settle: undefined })
        this.count(entry.frame, 1)
        return [frame, Effect.void]
      case "dropped":
        return [frame, Effect.void]
    }
  }

  /** Whoever waits is told, buffered frames are dropped and counted; the result says whether there were any. */
  close(end: Effect.Effect<never, ConnectionError>): boolean {
    const hadBuffered = this.bufferedMessages > 0
    const settled: Array<Settled> = []
    for (const entry of this.line) {
      const { frame } = entry
      this.remove(entry)
      if (frame.buffered) this.journal.dropped("outbound", "closed", 1, frame.bytes)
      else settled.push([frame, Effect.mapError(end, (error) => sendFailed(error))])
    }
    settleAll(settled)
    return hadBuffered
  }
}

// The caller may change its bytes once `send` has returned.
const kept = (frame: Frame): Frame =>
  typeof frame.message === "string" ? frame : { ...frame, message: new Uint8Array(frame.message) }

const settleAll = (settled: ReadonlyArray<Settled>): void => {
  for (const [frame, outcome] of settled) frame.settle?.(outcome)
}
