// reconnecting-websocket and partysocket: the browser's interface, dialling again by itself, here over `ws`.
import { setImmediate } from "node:timers/promises"
import WebSocket from "ws"
import type { Client, Contender, Message } from "../types.ts"
import { sendAll } from "./sendAll.ts"

/** What both have. */
interface Reconnecting {
  binaryType: string
  readonly bufferedAmount: number
  send(message: Message): void
  close(): void
  addEventListener(type: "open" | "close", listener: () => void): void
  addEventListener(type: "message", listener: (event: { readonly data: unknown }) => void): void
}

/** The options that we give, which both understand. */
interface ReconnectingOptions {
  readonly WebSocket: unknown
  readonly minReconnectionDelay?: number
  readonly maxReconnectionDelay?: number
  readonly reconnectionDelayGrowFactor?: number
}

export type ReconnectingClass = new(
  url: string,
  protocols: ReadonlyArray<string>,
  options: ReconnectingOptions
) => Reconnecting

// As raw `ws` is measured.
class Uncompressed extends WebSocket {
  constructor(url: string, protocols?: string | Array<string>) {
    super(url, protocols ?? [], { perMessageDeflate: false })
  }
}

const every50Millis = { minReconnectionDelay: 50, maxReconnectionDelay: 50, reconnectionDelayGrowFactor: 1 }

const messageOf = (data: unknown): Message => data instanceof ArrayBuffer ? new Uint8Array(data) : data as string

export const make = (Class: ReconnectingClass): Contender => {
  const open = (
    url: string,
    prepare: (socket: Reconnecting) => void,
    options?: Omit<ReconnectingOptions, "WebSocket">
  ): Promise<Client> =>
    new Promise((resolve) => {
      const socket = new Class(url, [], { WebSocket: Uncompressed, ...options })
      socket.binaryType = "arraybuffer"
      prepare(socket)
      let isOpen = false
      socket.addEventListener("open", () => {
        if (isOpen) return
        isOpen = true
        resolve({
          send: (message) => socket.send(message),
          // There is no word for "drained" in this interface.
          sendAll: sendAll(socket, () => setImmediate()),
          close: () => socket.close()
        })
      })
    })

  return {
    receive: (url, onMessage) =>
      open(url, (socket) => socket.addEventListener("message", (event) => onMessage(messageOf(event.data)))),
    answer: (url, answer) =>
      open(url, (socket) =>
        socket.addEventListener("message", (event) => {
          const reply = answer(messageOf(event.data))
          if (reply !== undefined) socket.send(reply)
        })),
    // Without pings in the interface, a message.
    beat: (url) =>
      open(url, (socket) => {
        let isAlive = true
        socket.addEventListener("message", () => {
          isAlive = true
        })
        socket.addEventListener("open", () => {
          const timer = setInterval(() => {
            if (!isAlive) {
              clearInterval(timer)
              socket.close()
              return
            }
            isAlive = false
            socket.send("beat")
          }, 1000)
          socket.addEventListener("close", () => clearInterval(timer))
        })
      }),
    recover: (url, onMessage) =>
      open(
        url,
        (socket) => socket.addEventListener("message", (event) => onMessage(messageOf(event.data))),
        every50Millis
      )
  }
}
