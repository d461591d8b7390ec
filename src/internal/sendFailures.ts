/**
 * The errors with which a send fails.
 */
import { ConnectFailed, ConnectionError, InvalidRequest, SendFailed } from "../ConnectionError.ts"
import type { Message } from "../Link.ts"

/** Because of `cause`, whose attempt and endpoint it has. */
export const sendFailed = (cause: ConnectionError, delivery: "notSent" | "unknown" = "notSent"): ConnectionError =>
  new ConnectionError({
    reason: new SendFailed({ delivery, cause }),
    attempt: cause.attempt,
    endpoint: cause.endpoint
  })

/** From a program without types it may be anything. */
export const isMessage = (message: unknown): message is Message =>
  typeof message === "string" || message instanceof Uint8Array

/** Why nothing but a string or a `Uint8Array` is sent. */
export const notAMessage = (): InvalidRequest =>
  new InvalidRequest({ option: "message", problem: "a message is a string or a Uint8Array" })

/** Nothing was ever connected, so no earlier error explains it. */
export const neverConnected = (): ConnectionError =>
  new ConnectionError({
    reason: new ConnectFailed({ phase: "tcp", code: "ENOTCONN", detail: "no session has been open yet" })
  })
