// A market for seaweed: `/feed` tells a price five times a second, `/orders` confirms the orders it is sent.
import { listen, textOf } from "./listen.ts"

export interface Price {
  readonly symbol: string
  readonly price: number
}

export interface Order {
  readonly id: number
  readonly symbol: string
  readonly limit: number
}

export const marketServer = listen({
  onConnection: (socket, path) => {
    if (path === "/orders") {
      socket.on("message", (data) => {
        const order: Order = JSON.parse(textOf(data))
        socket.send(JSON.stringify({ confirmed: order.id }))
      })
      return
    }
    let tick = 0
    const ticking = setInterval(() => {
      const price = 100 + (tick++ % 3) * 5
      socket.send(JSON.stringify({ symbol: "KELP", price } satisfies Price))
    }, 200)
    socket.on("close", () => clearInterval(ticking))
  }
})
