/**
 * One reader's place in the flow: the messages that wait for it, in bursts.
 *
 * The array of a burst is shared by all subscriptions; each has its own start and
 * end in it.
 */
import type { NonEmptyReadonlyArray } from "effect/Array"
import type * as Cause from "effect/Cause"
import type * as Effect from "effect/Effect"
import type { ConnectionError } from "../ConnectionError.ts"
import type { Message } from "../Link.ts"
import { batchOf, handedOver } from "./bursts.ts"
import { messageSize, weightOf } from "./messageSize.ts"
import { Waiters } from "./wait.ts"

/** The messages of one burst that still wait. */
interface Chunk {
  readonly messages: ReadonlyArray<Message>
  start: number
  end: number
  /** Their weight. */
  bytes: number
}

/** Messages that were dropped, and their size. */
export interface Drop {
  readonly messages: number
  readonly bytes: number
}

/** How a subscription goes on when its buffer is empty. */
export type End = Effect.Effect<never, ConnectionError | Cause.Done>

export interface SubscriptionOptions {
  readonly parked: boolean
  readonly ofSession?: boolean
}

export class Subscription {
  private chunks: Array<Chunk> = []
  /** The weight of what waits. */
  bytes = 0
  readonly waiters = new Waiters()
  end: End | undefined = undefined
  /** Parked: it holds what came for a reader who may come; it never pauses the socket. */
  parked: boolean
  /** Ends with the session. */
  readonly ofSession: boolean
  /** Parked, but somebody takes single messages from it. */
  touched = false
  /** Messages that were dropped while parked and not touched, for nobody to miss yet. */
  missed = 0
  missedBytes = 0

  constructor(options: SubscriptionOptions) {
    this.parked = options.parked
    this.ofSession = options.ofSession === true
  }

  /** Another parked one, with the same messages. */
  copy(): Subscription {
    const copy = new Subscription({ parked: true, ofSession: this.ofSession })
    copy.chunks = this.chunks.map((chunk) => ({ ...chunk }))
    copy.bytes = this.bytes
    copy.missed = this.missed
    copy.missedBytes = this.missedBytes
    copy.end = this.end
    return copy
  }

  /** Messages of this weight wait too. The array is kept as it is: nobody may change it. */
  append(messages: ReadonlyArray<Message>, bytes: number): void {
    if (messages.length === 0) return
    this.chunks.push({ messages, start: 0, end: messages.length, bytes })
    this.bytes += bytes
  }

  /** Drops down to the mark, but for the last message: however large it is, it can be read. */
  cut(mark: number, side: "oldest" | "newest"): Drop {
    const { chunks } = this
    const oldest = side === "oldest"
    let messages = 0
    let bytes = 0
    while (this.bytes > mark) {
      const chunk = oldest ? chunks[0]! : chunks[chunks.length - 1]!
      if (chunks.length === 1 && chunk.end - chunk.start === 1) break
      const size = messageSize(chunk.messages[oldest ? chunk.start++ : --chunk.end]!)
      chunk.bytes -= weightOf(size)
      this.bytes -= weightOf(size)
      messages++
      bytes += size
      if (chunk.start === chunk.end) {
        if (oldest) chunks.shift()
        else chunks.pop()
      }
    }
    return { messages, bytes }
  }

  /** A reader comes: what lies above the mark is missed. */
  missAbove(mark: number): void {
    const { bytes, messages } = this.cut(mark, "oldest")
    this.missed += messages
    this.missedBytes += bytes
  }

  /** The same while parked, by whole bursts, so that a reader who never comes costs next to nothing. */
  missBursts(mark: number): void {
    const { chunks } = this
    while (chunks.length > 1 && this.bytes - chunks[0]!.bytes >= mark) {
      const chunk = chunks.shift()!
      this.bytes -= chunk.bytes
      this.missed += chunk.end - chunk.start
      this.missedBytes += chunk.bytes
    }
  }

  /** All that waits; undefined where nothing does. */
  takeAll(): NonEmptyReadonlyArray<Message> | undefined {
    if (this.chunks.length === 0) return undefined
    const messages = messagesOf(this.chunks)
    this.clear()
    return messages as unknown as NonEmptyReadonlyArray<Message>
  }

  /** The oldest message; undefined where nothing waits. */
  takeOne(): Message | undefined {
    const chunk = this.chunks[0]
    if (chunk === undefined) return undefined
    handedOver.messages = chunk.messages
    handedOver.index = chunk.start
    const message = chunk.messages[chunk.start++]!
    const isLast = chunk.start === chunk.end
    const weight = isLast ? chunk.bytes : weightOf(messageSize(message))
    chunk.bytes -= weight
    this.bytes -= weight
    if (isLast) this.chunks.shift()
    return message
  }

  /** What waits is forgotten. */
  clear(): void {
    this.chunks = []
    this.bytes = 0
  }
}

// The array of the burst itself where one waits; a reader that is slow gets all that waits at once.
const messagesOf = (chunks: ReadonlyArray<Chunk>): ReadonlyArray<Message> => {
  const first = chunks[0]!
  if (chunks.length === 1 && first.start === 0 && first.end === first.messages.length) return first.messages
  return batchOf(chunks)
}
