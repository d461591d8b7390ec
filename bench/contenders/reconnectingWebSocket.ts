import ReconnectingWebSocket from "reconnecting-websocket"
import { make, type ReconnectingClass } from "./reconnecting.ts"

// Its types are those of another module format than its code.
export const reconnectingWebSocket = make(ReconnectingWebSocket as unknown as ReconnectingClass)
