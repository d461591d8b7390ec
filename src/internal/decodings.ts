/**
 * What the messages of a connection say, decoded once for all readers.
 *
 * Readers are handed the same burst, each at its own pace and under the
 * connection's own watermark; who comes first decodes it, the others find it
 * decoded. What a handler of `listen` was told is found as well.
 */
import type { Message } from "../Link.ts"
import { handedOver, note, slicesOf } from "./bursts.ts"
import { type Decoder, invalid, type Problem } from "./decoder.ts"

/** A message, or a part of one, with which nothing can be done. */
export class Invalid<E> {
  /** With which readers fail; undefined where they go on without it. */
  readonly error: E | undefined
  constructor(error: E | undefined) {
    this.error = error
  }
}

/** The values of a message that does not hold exactly one. */
class Several<A, E> {
  readonly parts: ReadonlyArray<A | Invalid<E>>
  constructor(parts: ReadonlyArray<A | Invalid<E>>) {
    this.parts = parts
  }
}

type Decoded<A, E> = A | Several<A, E> | Invalid<E>

/** Stands where nothing was decoded yet. */
const pending = Symbol("pending")

interface Burst<A, E> {
  /** Whose decodings these are. */
  readonly owner: Decodings<A, E>
  /** Those of another protocol on the same connection. */
  readonly next: Burst<unknown, unknown> | undefined
  /** One for each message. */
  readonly slots: Array<Decoded<A, E> | typeof pending>
  /** Whether some slot is not just a value. */
  odd: boolean
  /** The messages of the slots that were filled before the burst was complete. */
  heard: Array<Message> | undefined
}

const decodings = Symbol("decodings")

interface WithDecodings {
  readonly [decodings]?: Burst<unknown, unknown>
}

/** What a reader is given. */
export interface Batch<A, E> {
  readonly values: ReadonlyArray<A>
  /** With which it fails after these. */
  readonly error: E | undefined
}

export class Decodings<A, E> {
  private readonly decoder: Decoder<A>
  private readonly onInvalid: (problem: Problem) => E | undefined

  /** `onInvalid` is told once of each invalid message; it says with what readers fail, if they do. */
  constructor(decoder: Decoder<A>, onInvalid: (problem: Problem) => E | undefined) {
    this.decoder = decoder
    this.onInvalid = onInvalid
  }

  /** A batch as a reader pulled it. */
  ofBatch(batch: ReadonlyArray<Message>): Batch<A, E> {
    const slices = slicesOf(batch)
    if (slices === undefined) {
      const burst = this.decoded(batch, 0, batch.length)
      if (!burst.odd && burst.slots.length === batch.length) {
        return { values: burst.slots as ReadonlyArray<A>, error: undefined }
      }
      return gather([{ burst, start: 0, end: batch.length }])
    }
    return gather(slices.map(({ end, messages, start }) => ({ burst: this.decoded(messages, start, end), start, end })))
  }

  /** A message that was just handed over: its values, each given to `use`. */
  ofMessage(message: Message, use: (value: A) => void): E | undefined {
    const { index, messages } = handedOver
    const decoded = messages === undefined
      ? this.decode(message)
      : this.decodedAt(messages, index, message)
    if (decoded instanceof Invalid) return decoded.error
    if (!(decoded instanceof Several)) {
      use(decoded)
      return undefined
    }
    for (const part of decoded.parts) {
      if (!(part instanceof Invalid)) use(part)
      else if (part.error !== undefined) return part.error
    }
    return undefined
  }

  private burst(messages: ReadonlyArray<Message>): Burst<A, E> {
    const first = (messages as WithDecodings)[decodings]
    for (let known = first; known !== undefined; known = known.next) {
      if (known.owner === this) return known as Burst<A, E>
    }
    const burst: Burst<A, E> = { owner: this, next: first, slots: [], odd: false, heard: undefined }
    note(messages, decodings, burst)
    return burst
  }

  /** The burst, of which this part is decoded. */
  private decoded(messages: ReadonlyArray<Message>, start: number, end: number): Burst<A, E> {
    const burst = this.burst(messages)
    const { heard, slots } = burst
    for (let i = start; i < end; i++) {
      if (i < slots.length && slots[i] !== pending && (heard?.[i] === undefined || heard[i] === messages[i])) continue
      this.fill(burst, i, messages[i]!)
      if (heard !== undefined) heard[i] = messages[i]!
    }
    return burst
  }

  private decodedAt(messages: ReadonlyArray<Message>, index: number, message: Message): Decoded<A, E> {
    if (index < messages.length) {
      // A hint that is of another message.
      if (messages[index] !== message) return this.decode(message)
      return this.decoded(messages, index, index + 1).slots[index] as Decoded<A, E>
    }
    // It is about to be added to the burst, most likely.
    const burst = this.burst(messages)
    ;(burst.heard ??= [])[index] = message
    return this.fill(burst, index, message)
  }

  private fill(burst: Burst<A, E>, index: number, message: Message): Decoded<A, E> {
    const { slots } = burst
    const decoded = this.decode(message)
    if (decoded instanceof Invalid || decoded instanceof Several) burst.odd = true
    while (slots.length < index) slots.push(pending)
    slots[index] = decoded
    return decoded
  }

  private decode(message: Message): Decoded<A, E> {
    const { decoder } = this
    if (!decoder.splits) return this.decodePart(message)
    decoder.problem = undefined
    const parts = decoder.split(message).map((part) => this.decodePart(part))
    // One that cannot be split.
    if (parts.length === 0 && decoder.problem !== undefined) return new Invalid(this.onInvalid(decoder.problem))
    return parts.length === 1 ? parts[0]! : new Several(parts)
  }

  private decodePart(message: Message): A | Invalid<E> {
    const { decoder } = this
    const value = decoder.decode(message)
    return value === invalid ? new Invalid(this.onInvalid(decoder.problem!)) : value
  }
}

interface Part<A, E> {
  readonly burst: Burst<A, E>
  readonly start: number
  readonly end: number
}

/** The values of these parts, up to the first one with which a reader fails. */
const gather = <A, E>(parts: ReadonlyArray<Part<A, E>>): Batch<A, E> => {
  const values: Array<A> = []
  for (const { burst: { slots }, end, start } of parts) {
    for (let i = start; i < end; i++) {
      const slot = slots[i] as Decoded<A, E>
      if (slot instanceof Invalid) {
        if (slot.error !== undefined) return { values, error: slot.error }
      } else if (slot instanceof Several) {
        for (const part of slot.parts) {
          if (!(part instanceof Invalid)) values.push(part)
          else if (part.error !== undefined) return { values, error: part.error }
        }
      } else values.push(slot)
    }
  }
  return { values, error: undefined }
}
