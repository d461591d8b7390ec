/**
 * What `ws` found wrong with the peer's frames, as the Close that it answered
 * with.
 */
import { type CloseReason, fromCloseFrame } from "../../ConnectionError.ts"

// `ws` keeps the code that it sends in a private symbol; these are the codes of its documented errors.
const codes: Readonly<Record<string, number>> = {
  WS_ERR_EXPECTED_FIN: 1002,
  WS_ERR_EXPECTED_MASK: 1002,
  WS_ERR_INVALID_CLOSE_CODE: 1002,
  WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH: 1002,
  WS_ERR_INVALID_OPCODE: 1002,
  WS_ERR_UNEXPECTED_MASK: 1002,
  WS_ERR_UNEXPECTED_RSV_1: 1002,
  WS_ERR_UNEXPECTED_RSV_2_3: 1002,
  WS_ERR_INVALID_UTF8: 1007,
  WS_ERR_TOO_MANY_BUFFERED_PARTS: 1008,
  WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH: 1009,
  WS_ERR_UNSUPPORTED_MESSAGE_LENGTH: 1009
}

/**
 * The reason with the code that *we* sent and the violation as its text;
 * undefined where the error is none of the peer's frames.
 */
export const protocolError = (error: Error): CloseReason | undefined => {
  const name: unknown = Reflect.get(error, "code")
  if (typeof name !== "string") return undefined
  // zlib could not inflate a message (RFC 7692 §7.2.2), which `ws` answers with 1007.
  const code = codes[name] ?? (name.startsWith("Z_") ? 1007 : undefined)
  if (code === undefined) return undefined
  const illegal = name === "WS_ERR_INVALID_CLOSE_CODE" ? /\d+$/.exec(error.message)?.[0] : undefined
  return fromCloseFrame({
    code,
    closeReason: illegal === undefined ? error.message : `illegal close code ${illegal}`,
    initiator: "self"
  })
}
