/**
 * Which shared burst a message that is handed to a reader stands in, so that what
 * is derived from it is derived once for all readers: see `Decodings`.
 *
 * All of this is a hint. Who uses it compares the message itself.
 */
import type { Message } from "../Link.ts"

/** A part of a burst, which is an array that nobody changes once it is handed out. */
export interface Slice {
  readonly messages: ReadonlyArray<Message>
  readonly start: number
  readonly end: number
}

/**
 * Where the message is that is being handed over at this moment: to the handlers
 * of `listen`, or to whoever takes a single one. Set and read in one go, without
 * anything in between that could set it anew.
 */
export const handedOver: { messages: ReadonlyArray<Message> | undefined; index: number } = {
  messages: undefined,
  index: 0
}

/**
 * Where something is kept about an array that readers are handed: at the array
 * itself, where nobody sees it who does not look.
 *
 * A `WeakMap` would keep it as well, but collecting one whose keys die young costs
 * a seventh of all that is done for a message.
 */
export const note = <K extends symbol>(batch: ReadonlyArray<Message>, key: K, value: unknown): void => {
  // Of one that somebody froze, nothing is kept.
  if (Object.isExtensible(batch)) Object.defineProperty(batch, key, { value, configurable: true })
}

const slices = Symbol("slices")

/** A batch that was put together from parts of bursts, for a reader that is slow. */
export const batchOf = (parts: ReadonlyArray<Slice>): ReadonlyArray<Message> => {
  const batch = parts.flatMap(({ end, messages, start }) => messages.slice(start, end))
  note(batch, slices, parts)
  return batch
}

/** What a batch was put together from; undefined where it is a burst itself. */
export const slicesOf = (batch: ReadonlyArray<Message>): ReadonlyArray<Slice> | undefined =>
  (batch as { readonly [slices]?: ReadonlyArray<Slice> })[slices]
