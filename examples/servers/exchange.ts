// Takes orders, acknowledges each by its id, and knows those that it has taken already. It may be down for a while.
import { Effect } from "effect"
import type { WebSocket } from "ws"
import { listen } from "./listen.ts"

interface Order {
  readonly id: string
  readonly item: string
  readonly count: number
}

/** Acknowledges none of its first `deaf` orders, as where the line is cut before the answer. */
export const exchangeServer = (deaf: number) =>
  Effect.gen(function*() {
    const taken = new Map<string, Order>()
    let frames = 0
    const onConnection = (socket: WebSocket) => {
      socket.on("message", (data: Buffer) => {
        const order = JSON.parse(data.toString("utf8")) as Order
        taken.set(order.id, order)
        frames++
        if (frames < deaf) return
        if (frames === deaf) return socket.terminate()
        socket.send(JSON.stringify({ accepted: order.id }))
      })
    }
    const { url } = yield* listen({ onConnection })
    return {
      url,
      /** Each once, in the order of their first arrival. */
      orders: Effect.sync(() => Array.from(taken.values(), ({ count, item }) => `${count} ${item}`)),
      frames: Effect.sync(() => frames)
    }
  })
