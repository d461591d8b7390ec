// How a caller who cares sends many messages where `send` never makes it wait.
import type { Client, Message } from "../types.ts"

/** Bytes above which it waits: Holdfast's own default. */
const highWaterMark = 256 * 1024

interface Sender {
  readonly bufferedAmount: number
  send(message: Message): void
}

export const sendAll = (sender: Sender, room: () => Promise<void>): Client["sendAll"] => async (count, at) => {
  for (let index = 0; index < count; index++) {
    if (sender.bufferedAmount >= highWaterMark) await room()
    sender.send(at(index))
  }
}
