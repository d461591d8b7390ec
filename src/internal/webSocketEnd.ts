/**
 * Why a platform's `WebSocket` failed or ended, from its error and close events.
 */
import type * as Socket from "effect/socket/Socket"
import { AbnormalClosure, fromCloseFrame, type Reason } from "../ConnectionError.ts"
import { describeUnknown } from "./describe.ts"

/** A close event, as far as every platform tells. */
export interface Closed {
  readonly code: number
  readonly reason: string
}

/** What a close event says; 1006 where it names no code. */
export const closedBy = (event: Socket.WebSocketEvent): Closed => ({
  code: typeof event.code === "number" ? event.code : 1006,
  reason: event.reason ?? ""
})

/** The reason of the end of a link. */
export const reasonOf = (closed: Closed, error: string | undefined): Reason => {
  if (closed.code !== 1006) return fromCloseFrame({ code: closed.code, closeReason: closed.reason, initiator: "peer" })
  const message = failedWith(error, closed)
  return new AbnormalClosure({ cause: message === "" ? undefined : { message } })
}

/** What the error and the close event say together. */
export const failedWith = (
  error: string | undefined,
  closed: Closed | undefined
): string => {
  const said = new Set([
    error ?? "",
    closed?.reason ?? "",
    closed === undefined || closed.code === 1006 ? "" : `close code ${closed.code}`
  ])
  said.delete("")
  return [...said].join("; ")
}

/** What an error event says. Browsers give no reason; Node's `WebSocket` and `ws` give an error or its message. */
export const textOf = (
  event: Socket.WebSocketEvent & { readonly message?: unknown; readonly error?: unknown }
): string => {
  if (typeof event.message === "string" && event.message !== "") return event.message
  const { error } = event
  // Node's WebSocket raises a bare TypeError for everything: its name would be no cause.
  const isSilent = error === undefined || error === null || (error instanceof Error && error.message === "")
  return isSilent ? "" : describeUnknown(error)
}
