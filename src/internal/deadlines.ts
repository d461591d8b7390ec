/**
 * Which of those that expire does so first: a binary heap whose elements know
 * their place in it, so that one may leave from the middle.
 */

/** Something that expires. */
export interface Expiring {
  /** Monotonic nanoseconds; does not change while it is in the heap. */
  readonly expiresAt: bigint
  /** Its index in the heap, which alone sets it; -1 while it is in none. */
  place: number
}

export class Deadlines<A extends Expiring> {
  private readonly heap: Array<A> = []

  /** Whatever expires first; undefined where nothing does. */
  get first(): A | undefined {
    return this.heap[0]
  }

  add(element: A): void {
    this.heap.push(element)
    this.up(element, this.heap.length - 1)
  }

  /** Where it is in, it is not any more. */
  remove(element: A): void {
    const { place } = element
    if (place < 0) return
    element.place = -1
    const last = this.heap.pop()!
    if (last === element) return
    if (place > 0 && last.expiresAt < this.heap[(place - 1) >> 1]!.expiresAt) this.up(last, place)
    else this.down(last, place)
  }

  private up(element: A, from: number): void {
    const { heap } = this
    let place = from
    while (place > 0) {
      const above = (place - 1) >> 1
      const parent = heap[above]!
      if (parent.expiresAt <= element.expiresAt) break
      this.put(parent, place)
      place = above
    }
    this.put(element, place)
  }

  private down(element: A, from: number): void {
    const { heap } = this
    let place = from
    for (;;) {
      let below = 2 * place + 1
      if (below >= heap.length) break
      if (below + 1 < heap.length && heap[below + 1]!.expiresAt < heap[below]!.expiresAt) below++
      const child = heap[below]!
      if (child.expiresAt >= element.expiresAt) break
      this.put(child, place)
      place = below
    }
    this.put(element, place)
  }

  private put(element: A, place: number): void {
    this.heap[place] = element
    element.place = place
  }
}
