/**
 * A message on its way from a connection to a sink, and how it is written.
 */
import * as DateTime from "effect/DateTime"
import type { Message } from "../../Link.ts"

/** A message, and where and when it came. */
export interface Delivery {
  readonly connection: string
  /** Milliseconds since 1970, when it was taken from the connection. */
  readonly at: number
  /** The session that was open then; undefined where none had been yet. */
  readonly session: number | undefined
  readonly message: Message
}

/** How a message is written: as it is and a line break, or as a JSON object with what is known of it. */
export type Format = "raw" | "ndjson"

/** What of a message is held in memory, roughly. */
export const weightOf = ({ message }: Delivery): number =>
  (typeof message === "string" ? message.length * 2 : message.byteLength) + 128

/** The object of `ndjson`. Bytes are in base64. */
const recordOf = ({ at, connection, message, session }: Delivery, iso = isoOf(at)): object => ({
  connection,
  at: iso,
  ...(session === undefined ? {} : { session }),
  ...(typeof message === "string" ? { text: message } : { base64: Buffer.from(message).toString("base64") })
})

/** The bytes of messages, each ended by a line break. */
export const linesOf = (deliveries: ReadonlyArray<Delivery>, format: Format): Uint8Array => {
  if (format === "ndjson") {
    let at: number | undefined
    let iso = ""
    const line = (delivery: Delivery): string => {
      // What came together has one time.
      if (delivery.at !== at) iso = isoOf(at = delivery.at)
      return `${JSON.stringify(recordOf(delivery, iso))}\n`
    }
    return Buffer.from(deliveries.map(line).join(""))
  }
  const texts = deliveries.every(({ message }) => typeof message === "string")
  return texts
    ? Buffer.from(deliveries.map(({ message }) => `${String(message)}\n`).join(""))
    : Buffer.concat(deliveries.flatMap(({ message }) => [Buffer.from(message as string), lineBreak]))
}

/** When it came, ISO 8601. */
export const isoOf = (at: number): string => DateTime.formatIso(DateTime.makeUnsafe(at))

const lineBreak = Buffer.from("\n")

/** The message of one delivery, in a format, without the line break. */
export const bodyOf = (delivery: Delivery, format: Format): Message =>
  format === "raw" ? delivery.message : JSON.stringify(recordOf(delivery))
