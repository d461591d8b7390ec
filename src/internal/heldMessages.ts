/**
 * What a link received before a receiver with a watermark of its own takes over:
 * kept for `pull`, in order.
 */
import type { NonEmptyReadonlyArray } from "effect/Array"
import type { Message, Receiver } from "../Link.ts"

/** Bytes that are kept: while `greet` runs, a peer may say whatever it likes. */
export const heldMark = 1024 * 1024

export class HeldMessages {
  private messages: Array<Message> = []
  private sizes: Array<number> = []
  bytes = 0

  keep(message: Message, bytes: number): void {
    this.messages.push(message)
    this.sizes.push(bytes)
    this.bytes += bytes
  }

  /** All of them; undefined where there is none. */
  take(): NonEmptyReadonlyArray<Message> | undefined {
    if (this.messages.length === 0) return undefined
    const batch = this.messages
    this.messages = []
    this.sizes = []
    this.bytes = 0
    return batch as unknown as NonEmptyReadonlyArray<Message>
  }

  /** All of them, as if they had just arrived. */
  handOver(receiver: Receiver): void {
    const { messages, sizes } = this
    for (let i = 0; i < messages.length; i++) receiver.onMessage(messages[i]!, sizes[i]!)
  }
}
