// A WebSocket of a browser's shape whose every event is the test's to raise.
import type * as Socket from "effect/socket/Socket"

type Listener = (event: Socket.WebSocketEvent) => void

export class FakeWebSocket implements Socket.WebSocketLike {
  readonly url: string
  readonly protocols: unknown
  readonly calls: Array<string> = []
  readonly sent: Array<unknown> = []
  binaryType = "blob"
  protocol = ""
  bufferedAmount = 0
  readyState = 0
  private readonly listeners = new Map<string, Set<Listener>>()

  constructor(url: string, protocols?: unknown) {
    this.url = url
    this.protocols = protocols
  }

  addEventListener(type: string, listener: Listener): void {
    this.listeners.set(type, (this.listeners.get(type) ?? new Set()).add(listener))
  }

  removeEventListener(type: string, listener: Listener): void {
    this.listeners.get(type)?.delete(listener)
  }

  listenerCount(type: string): number {
    return this.listeners.get(type)?.size ?? 0
  }

  close(code?: number, reason?: string): void {
    this.calls.push(["close", ...(code === undefined ? [] : [code, reason])].join(" "))
    this.readyState = 2
  }

  send(data: string | Uint8Array): void {
    this.sent.push(data)
  }

  raise(type: string, event: object = {}): void {
    for (const listener of this.listeners.get(type) ?? []) listener(event)
  }

  opens(protocol = ""): void {
    this.readyState = 1
    this.protocol = protocol
    this.raise("open")
  }

  closes(code: number, reason = ""): void {
    this.readyState = 3
    this.raise("close", { code, reason })
  }
}
