/**
 * The exit codes of the command: one for each kind of failure, so that a script
 * or a service manager can tell them apart. `docs/reference/exit-codes.md` is
 * this table.
 */
import type { ConnectionError, Reason } from "../ConnectionError.ts"

/** Each code, by name. From 10 on they say why a connection could not be had or kept. */
export const exitCodes = {
  ok: 0,
  /** Something failed that has no code of its own. */
  failure: 1,
  /** Flags or arguments make no sense. */
  usage: 2,
  /** Of `status`: nothing of that name runs (LSB). */
  stopped: 3,
  /** Of `status`: it cannot be told whether it runs (LSB). */
  unknown: 4,
  /** No daemon of that name is running (LSB: program is not running). */
  notRunning: 7,
  /** The server answered the handshake with an HTTP status that is not 101. */
  refused: 10,
  /** The answer to the handshake breaks the protocol, or the introduction failed. */
  badHandshake: 11,
  /** TLS: an untrusted or expired certificate, another host's, or no TLS at all. */
  tls: 12,
  /** The host name could not be resolved. */
  dns: 13,
  /** No TCP connection: refused, reset, unreachable, or the proxy said no. */
  tcp: 14,
  /** Something took longer than it was given. */
  timeout: 15,
  /** The peer closed with a code. */
  closed: 16,
  /** The link was lost without a Close frame, or the peer fell silent. */
  lost: 17,
  /** It was tried again as often, or as long, as allowed. */
  gaveUp: 18,
  /** What was expected did not come: a reply that matches, a number of messages, a healthy link. */
  unexpected: 19,
  /** Messages could not be delivered, or had to be dropped. */
  undelivered: 20,
  /** The config file is wrong. */
  config: 21,
  /** A daemon of that name is running already. */
  alreadyRunning: 22,
  /** Output could not be written: a full disk, a missing folder, no permission. */
  output: 23,
  /** Ended by SIGINT (128 + 2). */
  interrupted: 130,
  /** Whoever reads the output has gone (128 + SIGPIPE). */
  brokenPipe: 141,
  /** Ended by SIGTERM (128 + 15). */
  terminated: 143
} as const

/** The name of an exit code. */
export type ExitName = keyof typeof exitCodes

/** What a connection that ended with this error makes of the command. */
export const exitNameOf = (error: ConnectionError): ExitName => exitNameOfReason(error.reason)

const exitNameOfReason = (reason: Reason): ExitName => {
  switch (reason._tag) {
    case "InvalidRequest":
      return "usage"
    case "HandshakeRejected":
      return "refused"
    case "HandshakeInvalid":
    case "GreetingFailed":
    case "CredentialsFailed":
      return "badHandshake"
    case "ConnectFailed":
      return reason.phase === "tls" ? "tls" : reason.phase === "dns" ? "dns" : "tcp"
    case "HandshakeTimeout":
      return "timeout"
    case "AbnormalClosure":
    case "HeartbeatTimeout":
      return "lost"
    case "SendFailed":
      return exitNameOf(reason.cause) === "failure" ? "undelivered" : exitNameOf(reason.cause)
    case "SendExpired":
    case "SendReplaced":
    case "InboundOverflow":
      return "undelivered"
    case "DecodingFailed":
      return "unexpected"
    case "ConnectionClosed":
      return "failure"
    default:
      return "closed"
  }
}
