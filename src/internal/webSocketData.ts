/**
 * What the `message` events of a `WebSocket` carry, as messages, in order.
 */
import type { Message } from "../Link.ts"

/** Smaller messages own their bytes: a view would keep the chunk alive that it came in. */
const ownBelow = 4096

/** A message from the data of an event; undefined where it has to be read first. */
export const fromData = (data: unknown): Message | undefined => {
  if (typeof data === "string") return data
  if (data instanceof ArrayBuffer) return new Uint8Array(data)
  if (ArrayBuffer.isView(data)) {
    const view = new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength)
    return view.length < ownBelow ? view.slice() : view
  }
  return undefined
}

/**
 * Hands messages over as they come, then the end.
 *
 * A `Blob` takes time to be read, and what follows waits for it.
 */
export const messagesInOrder = (handlers: {
  readonly onMessage: (message: Message) => void
  /** A message came that cannot be read. */
  readonly onUnreadable: () => void
  readonly onEnd: () => void
}) => {
  // Empty except while a Blob is being read; an entry is ready once it has a run.
  const waiting: Array<{ run: (() => void) | undefined }> = []

  const drain = (): void => {
    while (waiting.length > 0 && waiting[0]!.run !== undefined) waiting.shift()!.run!()
  }

  const later = (run: () => void): void => {
    if (waiting.length === 0) return run()
    waiting.push({ run })
  }

  return {
    push: (data: unknown): void => {
      const message = fromData(data)
      if (message !== undefined) return later(() => handlers.onMessage(message))
      if (typeof Blob === "undefined" || !(data instanceof Blob)) return later(handlers.onUnreadable)
      const entry: (typeof waiting)[number] = { run: undefined }
      waiting.push(entry)
      const ready = (run: () => void): void => {
        entry.run = run
        drain()
      }
      data.arrayBuffer().then(
        (bytes) => ready(() => handlers.onMessage(new Uint8Array(bytes))),
        () => ready(handlers.onUnreadable)
      )
    },
    end: (): void => later(handlers.onEnd)
  }
}
