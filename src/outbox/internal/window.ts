/**
 * The messages that were sent and are not acknowledged, in order. A place is free
 * again when the store has removed the message: what a crash sends again never is
 * more than the window.
 */
import type { Message } from "../../Link.ts"

/** Which messages the peer acknowledges: one, several, or all up to one. */
export type Acknowledgement = string | ReadonlyArray<string> | { readonly upTo: string }

export interface Slot {
  readonly sequence: number
  readonly id: string
  /** What is sent, and sent again. */
  readonly frame: Message
  acknowledged: boolean
}

export class Window {
  /** By their numbers, and in the order of these. */
  private readonly slots = new Map<number, Slot>()
  /** One for each id, unless somebody gives the same id to several. */
  private readonly byId = new Map<string, Array<Slot>>()

  get size(): number {
    return this.slots.size
  }

  /** With a number higher than all before. */
  add(slot: Slot): void {
    this.slots.set(slot.sequence, slot)
    const same = this.byId.get(slot.id)
    if (same === undefined) this.byId.set(slot.id, [slot])
    else same.push(slot)
  }

  /** What is to be sent again, in order; what is acknowledged meanwhile is left out. */
  *unacknowledged(): Generator<Slot> {
    for (const slot of this.slots.values()) {
      if (!slot.acknowledged) yield slot
    }
  }

  /** The messages that are acknowledged by this and were not before. What is not in the window is no concern of ours. */
  acknowledge(ack: Acknowledgement): ReadonlyArray<Slot> {
    const fresh: Array<Slot> = []
    const take = (slot: Slot) => {
      if (slot.acknowledged) return
      slot.acknowledged = true
      fresh.push(slot)
    }
    if (typeof ack === "string") this.byId.get(ack)?.forEach(take)
    else if ("upTo" in ack) {
      const last = this.byId.get(ack.upTo)?.at(-1)?.sequence ?? 0
      for (const slot of this.slots.values()) {
        if (slot.sequence > last) break
        take(slot)
      }
    } else for (const id of ack) this.byId.get(id)?.forEach(take)
    return fresh
  }

  /** The store has removed it. */
  remove(sequence: number): void {
    const slot = this.slots.get(sequence)
    if (slot === undefined) return
    this.slots.delete(sequence)
    const rest = this.byId.get(slot.id)!.filter((other) => other !== slot)
    if (rest.length === 0) this.byId.delete(slot.id)
    else this.byId.set(slot.id, rest)
  }
}
