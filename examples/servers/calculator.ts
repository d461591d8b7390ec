// A calculator that speaks JSON-RPC 2.0: `add`, and `slowAdd`, during whose first call the server crashes.
import { listen, textOf } from "./listen.ts"

interface Call {
  readonly id?: number | string
  readonly method: string
  readonly params: { readonly a: number; readonly b: number }
}

let crashed = false

export const calculatorServer = listen({
  onConnection: (socket) =>
    socket.on("message", (data) => {
      const { id, method, params }: Call = JSON.parse(textOf(data))
      // A notification: nobody waits for an answer.
      if (id === undefined) return
      const answer = (rest: object) => socket.send(JSON.stringify({ jsonrpc: "2.0", id, ...rest }))
      if (method !== "add" && method !== "slowAdd") {
        answer({ error: { code: -32601, message: `no method ${method}` } })
      } else if (method === "slowAdd" && !crashed) {
        crashed = true
        socket.terminate()
      } else {
        answer({ result: params.a + params.b })
      }
    })
})
