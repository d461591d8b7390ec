import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Socket from "effect/socket/Socket"
import { WebSocket } from "ws"
import * as Transport from "../src/Transport.ts"
import { transportSuite } from "./suites/transport.ts"
import * as RealServer from "./support/realServer.ts"

const capabilities = {
  ping: false,
  pause: false,
  headers: false,
  response: false,
  closeCodes: "1000,3000-4999"
} as const

const overConstructor = (name: string, constructor: Layer.Layer<Socket.WebSocketConstructor>): void =>
  transportSuite({
    name,
    capabilities,
    it: "live",
    make: Effect.map(RealServer.make(), (server) => ({
      layer: Layer.provide(Transport.layerWebSocketConstructor, constructor),
      server,
      url: server.url
    }))
  })

overConstructor("the transport over Node's global WebSocket", Socket.layerWebSocketConstructorGlobal)

overConstructor(
  "the transport over the WebSocket of ws",
  Layer.succeed(Socket.WebSocketConstructor)(
    (url, protocols) => new WebSocket(url, protocols as Array<string>)
  )
)
