/**
 * What Node says when no answer came, as the reason that people see.
 */
import { ConnectFailed, HandshakeInvalid } from "../../ConnectionError.ts"
import { shorten } from "../../internal/text.ts"

/** Where a dial stands; `proxy` until the tunnel is open. */
export type Phase = ConnectFailed["phase"]

/**
 * The reason for an error that Node raised during this phase of a dial.
 *
 * An answer that Node's HTTP parser refuses is not a failure to connect but an
 * invalid handshake, check `http`.
 */
export const connectFailure = (error: unknown, phase: Phase): ConnectFailed | HandshakeInvalid => {
  const { code, message, reason, syscall } = facts(error)
  if (code?.startsWith("HPE_") === true) {
    return new HandshakeInvalid({
      check: "http",
      expected: "an HTTP/1.1 response",
      actual: oneLine(reason === undefined ? code : `${code}: ${reason}`)
    })
  }
  const known = opensslCode(code, reason, message) ?? code ?? "UNKNOWN"
  return new ConnectFailed({ phase: phaseOf(known, syscall, phase), code: known, detail: oneLine(message) })
}

interface Facts {
  readonly code: string | undefined
  readonly message: string
  readonly reason: string | undefined
  readonly syscall: string | undefined
}

const facts = (error: unknown): Facts => {
  // Several addresses were tried (RFC 8305): the first failure stands for all.
  const first = error instanceof AggregateError && error.errors.length > 0 ? error.errors[0] : error
  const field = (name: string): string | undefined => {
    const value: unknown = typeof first === "object" && first !== null ? Reflect.get(first, name) : undefined
    return typeof value === "string" && value !== "" ? value : undefined
  }
  return { code: field("code"), message: field("message") ?? "", reason: field("reason"), syscall: field("syscall") }
}

/**
 * Node names an OpenSSL error `ERR_SSL_` and its reason, but where the error came
 * up in a write it says `EPROTO`.
 */
const opensslCode = (code: string | undefined, reason: string | undefined, message: string): string | undefined => {
  if (code !== "EPROTO") return undefined
  const said = reason ?? /SSL routines:[^:]*:([^:]+)/.exec(message)?.[1]
  return said === undefined ? undefined : `ERR_SSL_${said.trim().toUpperCase().replace(/[^A-Z0-9]+/g, "_")}`
}

const phaseOf = (code: string, syscall: string | undefined, phase: Phase): Phase => {
  if (phase === "proxy") return phase
  if (syscall === "getaddrinfo" || /^(?:ENOTFOUND|EAI_|ENODATA$|ESERVFAIL$)/.test(code)) return "dns"
  // A certificate is judged wherever somebody's own agent has the socket by then.
  if (tlsCode.test(code)) return "tls"
  return phase
}

const tlsCode =
  /^(?:EPROTO$|ERR_TLS_|ERR_SSL_|CERT_|CRL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH$|INVALID_CA$|INVALID_PURPOSE$|PATH_LENGTH_EXCEEDED$)/

// OpenSSL's messages go over several lines.
const oneLine = (text: string): string => shorten(text.replace(/\s+/g, " ").trim(), 200)
