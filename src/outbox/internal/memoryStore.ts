/** Outboxes that live as long as their layer: for tests, and to ride out lost connections without a disk. */
import * as Effect from "effect/Effect"
import { drawId } from "./identity.ts"
import { type Entry, fenced, type OutboxLog, type OutboxStoreError, outOfTurn } from "./log.ts"

interface Kept {
  readonly id: string
  owner: number
  next: number
  /** In the order of their numbers, as maps keep it. */
  readonly payloads: Map<number, string>
}

export const open = Effect.fnUntraced(function*(
  kept: Map<string, Kept>,
  name: string
): Effect.fn.Return<OutboxLog> {
  const found = kept.get(name)
  const outbox: Kept = found ?? { id: yield* drawId, owner: 0, next: 1, payloads: new Map() }
  kept.set(name, outbox)
  const owner = ++outbox.owner

  const owned = <A>(operation: "append" | "read" | "ack", run: () => Effect.Effect<A, OutboxStoreError>) =>
    Effect.suspend(() => outbox.owner === owner ? run() : Effect.fail(fenced(operation, name)))

  return {
    id: outbox.id,
    next: outbox.next,
    pending: outbox.payloads.size,
    append: (first, payloads) =>
      owned("append", () => {
        if (first + payloads.length <= outbox.next) return Effect.void
        if (first !== outbox.next) return Effect.fail(outOfTurn(first, outbox.next))
        for (const payload of payloads) outbox.payloads.set(outbox.next++, payload)
        return Effect.void
      }),
    read: (from, limit) => owned("read", () => Effect.succeed(firstOf(outbox.payloads, from, limit))),
    ack: (sequences) =>
      owned("ack", () => {
        for (const sequence of sequences) outbox.payloads.delete(sequence)
        return Effect.void
      })
  }
})

const firstOf = (payloads: ReadonlyMap<number, string>, from: number, limit: number): ReadonlyArray<Entry> => {
  const entries: Array<Entry> = []
  for (const [sequence, payload] of payloads) {
    if (entries.length >= limit) break
    if (sequence >= from) entries.push({ sequence, payload })
  }
  return entries
}

/** What a store of this kind keeps, by the names of the outboxes. */
export const empty = (): Map<string, Kept> => new Map()
