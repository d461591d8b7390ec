/**
 * How a command fails: a sentence for a person, and an exit code for a script.
 */
import * as Schema from "effect/Schema"
import { type ConnectFailed, ConnectionError } from "../ConnectionError.ts"
import { exitCodes, type ExitName, exitNameOf } from "./exitCodes.ts"

/** A command failed. `message` says what happened, `advice` what to do about it. */
export class CliFailure extends Schema.TaggedError<CliFailure>("holdfast/cli/CliFailure")("CliFailure", {
  exit: Schema.Literals(Object.keys(exitCodes) as Array<ExitName>),
  message: Schema.String,
  /** What to do, a sentence; where it is not in the message already. */
  advice: Schema.optional(Schema.String),
  cause: Schema.optional(ConnectionError),
  /** The tag of the cause's reason, where another process had the cause. */
  reason: Schema.optional(Schema.String)
}) {
  get exitCode(): number {
    return exitCodes[this.exit]
  }

  /** The same failure in other words. */
  reworded(words: { readonly message?: string; readonly advice?: string }): CliFailure {
    const { advice, cause, exit, message, reason } = this
    return new CliFailure({ exit, message, advice, cause, reason, ...words })
  }
}

/** A failure of a kind. */
export const failure = (exit: ExitName, message: string, advice?: string): CliFailure =>
  new CliFailure({ exit, message, advice })

/** The failure of one of several connections, with its name in front. */
export const ofConnection = (connection: string, error: CliFailure): CliFailure =>
  error.reworded({ message: `${connection}: ${error.message}` })

/** What a connection's end means for the command that held it. `dials` tells whether it was tried again. */
export const connectionFailure = (
  error: ConnectionError,
  options?: { readonly dials?: number | undefined }
): CliFailure => {
  const dials = options?.dials ?? 1
  return dials > 1 && error.isRetryable
    ? new CliFailure({
      exit: "gaveUp",
      message: `Gave up after ${dials} dials. The last one: ${error.message}`,
      advice: advise(error),
      cause: error
    })
    : new CliFailure({ exit: exitNameOf(error), message: error.message, advice: advise(error), cause: error })
}

/** What to do about it, where the error's own sentence does not say. */
export const advise = (error: ConnectionError): string | undefined => {
  const reason = error.reason
  switch (reason._tag) {
    case "ConnectFailed":
      return adviceByPhase[reason.phase]
    case "HandshakeRejected":
      return adviceByStatus[reason.status]
    case "HandshakeInvalid":
      return "holdfast probe shows what the server answered, check by check."
    case "HandshakeTimeout":
      return "holdfast probe shows which step takes so long; --handshake-timeout (timeout in a config) gives it more."
    case "HeartbeatTimeout":
      return "The peer, or something on the way, is gone without a word."
    default:
      return undefined
  }
}

const adviceByPhase: Record<ConnectFailed["phase"], string> = {
  dns: "Check the host name, and that this machine can resolve names.",
  tcp: "Check the port, that the server is running, and that no firewall is in between.",
  proxy: "Check the proxy's address and credentials (--proxy, or proxy in a config; HTTPS_PROXY, NO_PROXY).",
  tls:
    "Check the certificate with holdfast probe; give --ca (tls.ca in a config) for a private authority, ws:// for a port without TLS.",
  response: "Something between here and the server hangs up on the handshake; holdfast probe shows each step."
}

const followIt = "Use that url, or --location (redirects in a config), which follows it."

const checkCredentials = "Check the credentials (--auth, --header, --header-env; in a config auth and headers)"

const adviceByStatus: { readonly [status: number]: string } = {
  301: followIt,
  302: followIt,
  307: followIt,
  308: followIt,
  401: `${checkCredentials}.`,
  403: `${checkCredentials}, and what they may do.`,
  404: "Check the path of the url."
}
