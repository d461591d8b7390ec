/**
 * What Node says of a socket, under the code by which the library reports it.
 */
import { ConnectFailed } from "../../ConnectionError.ts"
import { connectFailure, type Phase } from "../../node/internal/connectFailure.ts"

/** The failure to connect that an error of a socket stands for. */
export const dialError = (error: Error, phase: Phase): ConnectFailed => {
  const reason = connectFailure(error, phase)
  // Node's HTTP parser, which alone speaks of anything else, has no part in a probe.
  return reason._tag === "ConnectFailed" ? reason : new ConnectFailed({ phase, code: "UNKNOWN", detail: error.message })
}
