// The contenders by name, each loaded where it is measured and nowhere else: what a process imports is part of its cost.
import type { Contender } from "../types.ts"

const loaders: Readonly<Record<string, () => Promise<Contender>>> = {
  "ws": async () => (await import("./ws.ts")).ws,
  "Holdfast": async () => (await import("./holdfast.ts")).messages,
  "Holdfast, messages": async () => (await import("./holdfast.ts")).messages,
  "Holdfast, listen": async () => (await import("./holdfast.ts")).listen,
  "Effect's Socket": async () => (await import("./effectSocket.ts")).effectSocket,
  "reconnecting-websocket": async () => (await import("./reconnectingWebSocket.ts")).reconnectingWebSocket,
  "partysocket": async () => (await import("./partysocket.ts")).partysocket
}

export const load = (name: string): Promise<Contender> => {
  const loader = loaders[name]
  if (loader === undefined) throw new Error(`there is no contender "${name}"`)
  return loader()
}

export const peers: ReadonlyArray<string> = ["Effect's Socket", "reconnecting-websocket", "partysocket"]
