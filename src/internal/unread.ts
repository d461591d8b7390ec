/**
 * What arrived while nobody read: kept in order, for the first reader who comes.
 */
import type { Message } from "../Link.ts"
import { messageSize, weightOf } from "./messageSize.ts"

export class Unread {
  private messages: Array<Message> = []
  private start = 0
  /** How many of them came in earlier sessions. */
  private earlier = 0
  /** The weight of what is kept. */
  bytes = 0

  get length(): number {
    return this.messages.length - this.start
  }

  /** A message of so many bytes is kept. */
  keep(message: Message, bytes: number): void {
    this.messages.push(message)
    this.bytes += weightOf(bytes)
  }

  /** Drops the oldest one, which there must be; the result is its size in bytes. */
  dropOldest(): number {
    const size = messageSize(this.messages[this.start]!)
    this.messages[this.start++] = ""
    this.bytes -= weightOf(size)
    if (this.earlier > 0) this.earlier--
    // Compacted now and then, so that each message is moved at most once on average.
    if (this.start > 1024 && this.start > this.messages.length / 2) {
      this.messages = this.messages.slice(this.start)
      this.start = 0
    }
    return size
  }

  /** A session begins: all that is kept is of earlier ones now. */
  newSession(): void {
    this.earlier = this.length
  }

  get all(): ReadonlyArray<Message> {
    return this.start === 0 ? this.messages : this.messages.slice(this.start)
  }

  get ofEarlierSessions(): ReadonlyArray<Message> {
    return this.messages.slice(this.start, this.start + this.earlier)
  }

  get ofThisSession(): ReadonlyArray<Message> {
    return this.messages.slice(this.start + this.earlier)
  }
}
