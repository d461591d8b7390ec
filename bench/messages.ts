// The messages of the feeds, as the server builds them and the clients check them.
//
// A feed repeats a period of messages, each of which carries its number within the period; then comes `end`.

export type FeedName = "text" | "json" | "binary"

export interface Feed {
  /** Messages after which the feed begins anew. */
  readonly period: number
  /** The message with that number. */
  readonly at: (index: number) => string | Uint8Array
}

/** The last message of every feed. */
export const end = "end"

/** The server's word that everything arrived, in order. */
export const received = "received"

const numbered = (index: number): string => String(index).padStart(8, "0")

/** 32 bytes: a number of eight digits, and a filling. */
export const text: Feed = {
  period: 4096,
  at: (index) => `${numbered(index)} holdfast grips the rock`
}

/** 128 bytes of JSON with four fields. */
export const json: Feed = {
  period: 2048,
  at: (index) => {
    const head = `{"id":${index},"symbol":"HOLD-${index % 97}","price":${100 + (index % 1000) / 8},"note":"`
    return `${head}${"n".repeat(126 - head.length)}"}`
  }
}

/** 64 KiB, of which the first four bytes are a number. */
export const binary: Feed = {
  period: 16,
  at: (index) => {
    const bytes = Buffer.alloc(64 * 1024, 0xa5)
    bytes.writeUInt32LE(index)
    return bytes
  }
}

export const feeds: Readonly<Record<FeedName, Feed>> = { text, json, binary }

/** The number that a text message begins with. */
export const numberOf = (message: string): number => Number(message.slice(0, 8))
