// Numbered messages that a real server receives, acknowledges out of order, and knows again.
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type { WebSocket } from "ws"
import * as Codec from "../../src/Codec.ts"
import * as NodeConnection from "../../src/node/NodeConnection.ts"
import * as Protocol from "../../src/Protocol.ts"
import { Notice } from "./notice.ts"
import * as wsServer from "./wsServer.ts"

const Text = Schema.Struct({ text: Schema.String })

const numbered = {
  codec: Codec.json,
  incoming: Schema.Struct({ acks: Schema.Array(Schema.String) }),
  outgoing: Schema.Struct({ id: Schema.String, number: Schema.Number, text: Schema.String })
} as const

type Numbered = typeof numbered.outgoing.Type

export const inFlight = 64

export const options = {
  name: "numbered",
  schema: Text,
  toOutgoing: ({ text }: typeof Text.Type, id: string, number: number): Numbered => ({ id, number, text }),
  ackOf: ({ acks }: typeof numbered.incoming.Type) => acks,
  inFlight
} as const

export const overSocket = (url: string) =>
  Effect.flatMap(
    NodeConnection.make({ url, reconnect: { schedule: Schedule.spaced("20 millis") } }),
    (connection) => Protocol.over(connection, numbered)
  )

export interface Receiver {
  readonly url: string
  /** The text of each message, by its id; in the order of their first delivery. */
  readonly received: ReadonlyMap<string, string>
  /** Waits until so many different messages have come. */
  readonly has: (count: number) => Effect.Effect<void>
  /** Ends every connection, without a word. */
  readonly drop: Effect.Effect<void>
  /** What was not as promised, a sentence each. */
  readonly complaints: ReadonlyArray<string>
  /** How many came again, in each connection. */
  readonly again: ReadonlyArray<number>
}

export const receiver: Effect.Effect<Receiver, never, Scope.Scope> = Effect.gen(function*() {
  const received = new Map<string, string>()
  const notice = new Notice()
  const complaints: Array<string> = []
  const again: Array<number> = []
  let highest = 0

  const accept = (socket: WebSocket) => {
    const connection = again.push(0)
    let before = 0
    let isNew = false
    let unacknowledged: Array<string> = []
    const acknowledge = () => {
      if (socket.readyState !== socket.OPEN) return
      // Out of order and late, as peers do that work on several at once.
      socket.send(JSON.stringify({ acks: unacknowledged.toReversed() }))
      unacknowledged = []
    }
    socket.on("message", (data: Buffer) => {
      const { id, number, text } = JSON.parse(data.toString("utf8")) as Numbered
      const known = received.get(id)
      if (number <= before) complaints.push(`connection ${connection}: ${number} came after ${before}`)
      before = number
      if (known === undefined) {
        isNew = true
        if (number !== highest + 1) complaints.push(`${number} came for the first time after ${highest}`)
        highest = number
        received.set(id, text)
        notice.notify()
      } else {
        again[connection - 1]!++
        if (isNew) complaints.push(`connection ${connection}: ${number} came again after new ones`)
        if (known !== text) complaints.push(`${id} was "${known}" and is "${text}"`)
        if (number <= highest - inFlight) complaints.push(`${number} came again, when ${highest} had been sent`)
      }
      if (unacknowledged.push(id) === 1) setTimeout(acknowledge, 2)
    })
  }
  const { server, url } = yield* wsServer.make(accept)
  return {
    url,
    received,
    complaints,
    again,
    has: (count) => Effect.asVoid(notice.when(() => received.size >= count ? true : undefined)),
    drop: Effect.sync(() => {
      for (const client of server.clients) client.terminate()
    })
  }
})
