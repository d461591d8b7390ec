/**
 * Frames in the order in which they wait. Each is found by its key and by when it
 * expires, and leaves from wherever it is, at the same cost however many wait.
 */
import type * as Effect from "effect/Effect"
import type { ConnectionError } from "../ConnectionError.ts"
import type { Message } from "../Link.ts"
import { Deadlines, type Expiring } from "./deadlines.ts"
import type { Wanted } from "./sendOptions.ts"

/** What ends the wait of a suspended send, but for its turn: `any` session comes, as `policy` says, or this `session` ends. */
export type WaitsFor = "any" | "policy" | "session"

export type Settle = (outcome: Effect.Effect<void, ConnectionError>) => void

/** One frame, and who waits for it. */
export interface Frame {
  readonly message: Message
  readonly bytes: number
  /** True once `send` returned: the frame is ours now, and counts against the buffer's bounds. */
  readonly buffered: boolean
  readonly waitsFor: WaitsFor
  /** Told the outcome; undefined for buffered frames. */
  readonly settle: Settle | undefined
  readonly wanted: Wanted
}

/** A place in the line. */
export class Entry implements Expiring {
  /** Counts what came to wait, in order. */
  readonly number: number
  /** Another one where it was replaced by one with the same key. */
  frame: Frame
  isWaiting = true
  ahead: Entry | undefined
  behind: Entry | undefined = undefined
  place = -1

  constructor(number: number, frame: Frame, ahead: Entry | undefined) {
    this.number = number
    this.frame = frame
    this.ahead = ahead
  }

  get expiresAt(): bigint {
    return this.frame.wanted.expiresAt!
  }
}

export class WaitingLine {
  private first: Entry | undefined = undefined
  private last: Entry | undefined = undefined
  /** The places that have a key; undefined until one has. */
  private keyed: Map<string, Entry> | undefined = undefined
  /** Those that expire; undefined until one does. */
  private deadlines: Deadlines<Entry> | undefined = undefined
  length = 0

  get head(): Entry | undefined {
    return this.first
  }

  /** Whatever expires first; undefined where nothing does. */
  get nextToExpire(): Entry | undefined {
    return this.deadlines?.first
  }

  /** The one with that key. */
  keyedBy(key: string | undefined): Entry | undefined {
    return key === undefined ? undefined : this.keyed?.get(key)
  }

  /** Puts a frame behind all others. */
  add(number: number, frame: Frame): Entry {
    const entry = new Entry(number, frame, this.last)
    if (this.last === undefined) this.first = entry
    else this.last.behind = entry
    this.last = entry
    this.length++
    const { replaceKey } = frame.wanted
    if (replaceKey !== undefined) (this.keyed ??= new Map()).set(replaceKey, entry)
    this.watch(entry)
    return entry
  }

  /** Puts a frame in the place of one with the same key, which is the result. */
  replace(entry: Entry, frame: Frame): Frame {
    const former = entry.frame
    this.deadlines?.remove(entry)
    entry.frame = frame
    this.watch(entry)
    return former
  }

  private watch(entry: Entry): void {
    if (entry.frame.wanted.expiresAt !== undefined) (this.deadlines ??= new Deadlines()).add(entry)
  }

  remove(entry: Entry): void {
    const { ahead, behind, frame: { wanted: { replaceKey } } } = entry
    if (ahead === undefined) this.first = behind
    else ahead.behind = behind
    if (behind === undefined) this.last = ahead
    else behind.ahead = ahead
    entry.isWaiting = false
    entry.ahead = entry.behind = undefined
    this.length--
    if (replaceKey !== undefined) this.keyed?.delete(replaceKey)
    this.deadlines?.remove(entry)
  }

  /** All that waits, in order; what is removed meanwhile must be what is asked about. */
  *[Symbol.iterator](): Generator<Entry> {
    for (let entry = this.first; entry !== undefined;) {
      const { behind } = entry
      yield entry
      entry = behind
    }
  }
}
