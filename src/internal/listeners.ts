/**
 * Handlers that are called inside the socket's own callback, each for itself:
 * what one throws is reported, and keeps nothing from the others.
 */
import type { Message } from "../Link.ts"

export type Listener<A = Message> = (message: A) => void

export interface ListenersOwner {
  /** A handler threw. */
  readonly onThrown: (defect: unknown) => void
}

export class Listeners<A = Message> {
  private readonly owner: ListenersOwner
  /** Replaced, never changed: one may come or go while the others are called. */
  private handlers: ReadonlyArray<Listener<A>> = []

  constructor(owner: ListenersOwner) {
    this.owner = owner
  }

  get size(): number {
    return this.handlers.length
  }

  /** One more, from now on; the result removes it. */
  add(handler: Listener<A>): () => void {
    this.handlers = [...this.handlers, handler]
    let listens = true
    return () => {
      if (!listens) return
      listens = false
      const index = this.handlers.indexOf(handler)
      this.handlers = this.handlers.filter((_, i) => i !== index)
    }
  }

  call(message: A): void {
    const handlers = this.handlers
    for (let i = 0; i < handlers.length; i++) this.callOne(handlers[i]!, message)
  }

  callOne(handler: Listener<A>, message: A): void {
    try {
      handler(message)
    } catch (defect) {
      this.owner.onThrown(defect)
    }
  }
}
