// Raw `ws`: what everybody is compared with.
import { once } from "node:events"
import type { Socket } from "node:net"
import WebSocket from "ws"
import type { Client, Contender } from "../types.ts"
import { sendAll } from "./sendAll.ts"

const clientOf = (ws: WebSocket, socket: Socket): Client => ({
  send: (message) => ws.send(message),
  sendAll: sendAll(ws, async () => {
    await once(socket, "drain")
  }),
  close: () => ws.close()
})

const open = (url: string, prepare: (ws: WebSocket) => void): Promise<Client> =>
  new Promise((resolve, reject) => {
    const ws = new WebSocket(url, { perMessageDeflate: false })
    let socket: Socket | undefined
    ws.once("upgrade", (response) => {
      socket = response.socket
    })
    ws.once("error", reject)
    prepare(ws)
    ws.once("open", () => resolve(clientOf(ws, socket!)))
  })

export const ws: Contender = {
  receive: (url, onMessage) =>
    open(url, (ws) => {
      ws.on("message", (data: Buffer, isBinary) => onMessage(isBinary ? data : data.toString()))
    }),
  answer: (url, answer) =>
    open(url, (ws) => {
      ws.on("message", (data: Buffer) => {
        const reply = answer(data.toString())
        if (reply !== undefined) ws.send(reply)
      })
    }),
  // As the documentation of `ws` has it.
  beat: (url) =>
    open(url, (ws) => {
      let isAlive = true
      ws.on("pong", () => {
        isAlive = true
      })
      ws.once("open", () => {
        const timer = setInterval(() => {
          if (!isAlive) {
            ws.terminate()
            return
          }
          isAlive = false
          ws.ping()
        }, 1000)
        ws.once("close", () => clearInterval(timer))
      })
    }),
  recover: undefined
}
