/**
 * The step to TLS: what was agreed, and whose certificate it is.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { isIP } from "node:net"
import * as tls from "node:tls"
import { type Certificate, certificateOf, findingsOf, untrusted } from "./certificate.ts"
import { dialError } from "./dialError.ts"
import { Incoming } from "./Incoming.ts"
import { error, type Problem, problem, type Told, warning } from "./Step.ts"

/**
 * Speaks TLS over a connection. The certificate is told even where nobody vouches
 * for it, but then nothing may be sent: the request holds secrets.
 */
export const secure = (
  below: Incoming,
  host: string,
  options: tls.ConnectionOptions
): Effect.Effect<readonly [Incoming, Told], Problem, Scope.Scope> =>
  Effect.gen(function*() {
    const servername = options.servername ?? (isIP(host) === 0 ? host : "")
    const incoming = yield* Effect.acquireRelease(
      Effect.sync(() =>
        new Incoming(tls.connect({ ...options, socket: below.socket, host, servername, rejectUnauthorized: false }))
      ),
      ({ socket }) => Effect.sync(() => void socket.destroy())
    )
    const socket = incoming.socket as tls.TLSSocket
    const secured = Effect.callback<undefined>((resume) => {
      socket.once("secureConnect", () => resume(Effect.succeed(undefined)))
    })
    const failed = yield* Effect.raceFirst(
      secured,
      incoming.when(() => incoming.error ?? (incoming.over ? new Error("the server hung up") : undefined))
    )
    if (failed !== undefined) {
      const { code } = dialError(failed, "tls")
      return yield* problem(
        "tls",
        code === "UNKNOWN" ? failed.message : code,
        error(`TLS failed: ${codes[code]?.[0] ?? failed.message}.`, codes[code]?.[1] ?? hungUp),
        { details: { code } }
      )
    }
    const certificate = certificateOf(socket.getPeerCertificate(true), yield* Clock.currentTimeMillis)
    const agreed = {
      protocol: socket.getProtocol(),
      cipher: socket.getCipher().name,
      alpn: socket.alpnProtocol === false ? undefined : socket.alpnProtocol ?? undefined,
      certificate
    }
    const text = `${agreed.protocol}, ${agreed.cipher}`
    const lines = certificate === undefined ? [] : describe(certificate)
    // Node says a code, where its types say an error.
    const doubt = socket.authorized ? undefined : String(socket.authorizationError)
    if (doubt === undefined) {
      return [incoming, { text, lines, details: { ...agreed, trusted: true }, findings: findingsOf(certificate) }]
    }
    const { advice, message } = untrusted(doubt, servername === "" ? host : servername, certificate)
    const details = { ...agreed, trusted: false, code: doubt }
    if (options.rejectUnauthorized !== false) {
      return yield* problem("tls", `${text}; ${doubt}`, error(message, advice), { lines, details })
    }
    return [incoming, { text: `${text}; not checked: ${doubt}`, lines, details, findings: [warning(message, advice)] }]
  })

const describe = (certificate: Certificate): ReadonlyArray<string> => [
  `certificate  ${certificate.subject}`,
  `issued by    ${certificate.issuer}`,
  `valid until  ${certificate.validTo.slice(0, 10)}, ${
    certificate.daysLeft < 0 ? `${-certificate.daysLeft} days ago` : `${certificate.daysLeft} days`
  }`,
  `names        ${certificate.names.join(", ") || "none"}`
]

const hungUp =
  "Check the port. Some servers hang up on a host name they do not serve: --servername asks for another one."
const plain: readonly [string, string] = [
  "the port does not speak TLS",
  "Use ws:// for this port, or the port that speaks TLS (often 443)."
]

const codes: Readonly<Record<string, readonly [message: string, advice: string]>> = {
  ERR_SSL_WRONG_VERSION_NUMBER: plain,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: plain,
  ERR_SSL_HTTP_REQUEST: plain,
  ECONNRESET: ["the connection was reset during the handshake", hungUp],
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: [
    "the server speaks only versions of TLS that are too old",
    "Make the server speak TLS 1.2 or 1.3."
  ],
  ERR_SSL_UNSUPPORTED_PROTOCOL: [
    "the server speaks only versions of TLS that are too old",
    "Make the server speak TLS 1.2 or 1.3."
  ],
  ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE: [
    "server and client have no cipher in common, or the server wants a certificate of ours",
    "Give --cert and --key if the server wants one; else check its list of ciphers."
  ],
  ERR_SSL_TLSV1_UNRECOGNIZED_NAME: [
    "the server does not serve this host name",
    "Check the host name of the url; --servername asks for another one."
  ],
  ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL: [
    "the server speaks HTTP/2 only",
    "A WebSocket needs HTTP/1.1 here: allow http/1.1 beside h2 in the server's ALPN."
  ]
}
