import ReconnectingWebSocket from "partysocket/ws"
import { make, type ReconnectingClass } from "./reconnecting.ts"

// Its types refuse a Uint8Array that could lie on a SharedArrayBuffer.
export const partysocket = make(ReconnectingWebSocket as unknown as ReconnectingClass)
