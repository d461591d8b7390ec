/**
 * The arrival of the peer's Close frame: the one thing of `ws` that is not public.
 *
 * `ws` has no event for it. Its `close` event comes when TCP has ended, which
 * some services never do, or when its `closeTimeout` ran out. Its receiver has
 * one, `conclude`, in a listener of which `ws` itself answers the frame.
 */
import { EventEmitter } from "node:events"
import type WebSocket from "ws"
import { decode } from "./utf8.ts"

/**
 * Calls the handler when the peer's Close frame arrives, before `ws` answers it:
 * so a reason that is no UTF-8, told as undefined, can still be answered with
 * another code. 1005 stands for a frame without a code. To be called in the
 * `open` event.
 *
 * With a `ws` whose receiver is another, the handler is never called, and the
 * `close` event tells the code later.
 */
export const onCloseFrame = (ws: WebSocket, handler: (code: number, reason: string | undefined) => void): void => {
  const receiver: unknown = Reflect.get(ws, "_receiver")
  if (!(receiver instanceof EventEmitter)) return
  receiver.prependListener("conclude", (code: number, reason: Buffer) => handler(code, decode(reason)))
}
