/**
 * Where each message that is still there lies in the file, in the order of their
 * numbers: three numbers a message, since a backlog may be long.
 */
import type { Placed } from "./fileFrames.ts"

/** What the file holds of a message beside its bytes: its number and their length. */
const perMessage = 12

export class FileIndex {
  private sequences: Array<number> = []
  private offsets: Array<number> = []
  /** Negative for messages that are gone. */
  private lengths: Array<number> = []
  /** What stands before it is gone. */
  private first = 0
  /** How many messages are there. */
  size = 0
  /** Bytes that they take, in one frame together. */
  bytes = 0

  /** A message with a number higher than all before. */
  add({ length, offset, sequence }: Placed): void {
    this.sequences.push(sequence)
    this.offsets.push(offset)
    this.lengths.push(length)
    this.size++
    this.bytes += length + perMessage
  }

  /** False where it was not there. */
  remove(sequence: number): boolean {
    const index = this.search(sequence)
    if (this.sequences[index] !== sequence || this.lengths[index]! < 0) return false
    this.bytes -= this.lengths[index]! + perMessage
    this.lengths[index] = -1
    this.size--
    while (this.first < this.lengths.length && this.lengths[this.first]! < 0) this.first++
    // Now and then, so that it costs nothing by the message.
    if (this.first > 1024 && this.first * 2 > this.lengths.length) this.forget()
    return true
  }

  private forget(): void {
    this.sequences = this.sequences.slice(this.first)
    this.offsets = this.offsets.slice(this.first)
    this.lengths = this.lengths.slice(this.first)
    this.first = 0
  }

  /** The first `limit` messages with a number of at least `sequence`. */
  from(sequence: number, limit: number): ReadonlyArray<Placed> {
    const placed: Array<Placed> = []
    for (let index = this.search(sequence); index < this.sequences.length && placed.length < limit; index++) {
      const length = this.lengths[index]!
      if (length >= 0) placed.push({ sequence: this.sequences[index]!, offset: this.offsets[index]!, length })
    }
    return placed
  }

  /** The place of the first message with a number of at least `sequence`. */
  private search(sequence: number): number {
    let low = this.first
    let high = this.sequences.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.sequences[middle]! < sequence) low = middle + 1
      else high = middle
    }
    return low
  }
}
