/**
 * What an answer that is no handshake means, and what to change: the causes that
 * people meet, told apart by what the answer says.
 */
import type { CheckResult, HandshakeRequest } from "../../Handshake.ts"
import { redactUrl } from "../../internal/redact.ts"
import type { NoHead } from "./responseHead.ts"
import { error, type Finding } from "./Step.ts"

interface Answered {
  readonly head: { readonly status: number; readonly version: string }
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

const http2Only: readonly [message: string, advice: string] = [
  "The server speaks HTTP/2 only.",
  "Allow HTTP/1.1 on this port: a WebSocket client that starts with GET … Upgrade needs it."
]

/** The answer is no HTTP/1. */
export const aboutNoHttp = ({ sample, speaks }: NoHead): Finding => {
  switch (speaks) {
    case "tls":
      return error("The port speaks TLS.", "Use wss:// in place of ws://.")
    case "http2":
      return error(...http2Only)
    case "other":
      return error(`The port speaks something that is no HTTP: "${sample}".`, "Check the port.")
  }
}

const stripped = "A proxy on the way takes the Upgrade header out. nginx needs: proxy_http_version 1.1; " +
  "proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection \"upgrade\";"
const maybeStripped = stripped.replace("takes", "may take")

/** A status in place of 101. */
export const aboutStatus = (
  answer: Answered,
  url: URL,
  request: Pick<HandshakeRequest, "headers">
): Finding => {
  const { headers } = answer
  const { status } = answer.head
  const body = answer.body.toLowerCase()
  const via = viaOf(headers)
  const says = (message: string, advice: string) => error(`The server answered ${status}${via}: ${message}.`, advice)

  // Node's words to a client that does not offer h2 in TLS.
  if (body.includes("missing alpn protocol")) return error(...http2Only)
  if (
    body.includes("plain http request was sent to https port") ||
    body.includes("client sent an http request to an https")
  ) {
    return says("the port speaks TLS", "Use wss:// in place of ws://.")
  }
  if (body.includes("transport unknown") || body.includes("\"unsupported protocol version\"")) {
    return says(
      "this is a Socket.IO server",
      "Add EIO=4&transport=websocket to the query: …/socket.io/?EIO=4&transport=websocket"
    )
  }
  if (body.includes("connection id required")) {
    return says(
      "this is a SignalR hub that wants a negotiated connection",
      "POST to …/negotiate first, and add id=… to the query."
    )
  }
  if (status >= 300 && status < 400) return aboutRedirect(status, headers["location"], url, says)
  if (status === 407) return says("a proxy wants credentials", "Give them in the url of --proxy.")
  if (status === 426) {
    const versions = headers["sec-websocket-version"]
    return versions === undefined || versions.includes("13")
      ? says("it saw no request to upgrade, although one was sent", stripped)
      : says(`it speaks version ${versions} of the protocol, and we speak 13`, "Update the server.")
  }
  if (/upgrade/.test(body) && (status === 400 || status === 404 || status === 405)) {
    return says("it saw no request to upgrade, or one that was changed", stripped)
  }
  const byStatus = adviceByStatus[status]
  if (status === 403 && request.headers["origin"] === undefined) {
    return says(
      "what we sent does not allow this",
      "Check the credentials (--auth, --header). Many servers want the page's origin as well: --origin https://…"
    )
  }
  if (status === 403) {
    return says("what we sent does not allow this", "Check --origin, and the credentials (--auth, --header).")
  }
  if (status === 429 || status === 503) {
    const wait = headers["retry-after"]
    const when = wait === undefined ? "" : `; it asks to wait ${/^\d+$/.test(wait) ? `${wait} s` : `until ${wait}`}`
    return says(
      status === 429 ? `too many requests${when}` : `the service is unavailable${when}`,
      status === 429
        ? "Dial less often; a reconnecting client must honour Retry-After."
        : "Check that what is behind the proxy runs."
    )
  }
  if (byStatus !== undefined) return says(...byStatus)
  if (status >= 200 && status < 300) {
    return says(
      "a page, and no WebSocket",
      `Check the path; a captive portal or a login page may answer in the server's place. ${maybeStripped}`
    )
  }
  return status >= 500
    ? says("it failed", "See the server's log.")
    : says(
      "it does not take the request",
      `Check path, headers and credentials. ${viaIsProxy(headers) ? maybeStripped : ""}`.trim()
    )
}

type Says = (message: string, advice: string) => Finding

const aboutRedirect = (status: number, location: string | undefined, url: URL, says: Says): Finding => {
  if (location === undefined) return says("a redirect to nowhere", "Check the url.")
  const to = redactUrl(location)
  const target = URL.canParse(location, url.href) ? new URL(location, url.href) : undefined
  const isSecure = target?.protocol === "https:" || target?.protocol === "wss:"
  return url.protocol === "ws:" && isSecure && target?.host.split(":")[0] === url.hostname
    ? says(`a redirect to ${to}`, "Use wss:// in place of ws://.")
    : says(
      `a redirect to ${to}`,
      `Use that url${status === 302 || status === 303 ? ", unless it is a login page" : ""}; --location follows it.`
    )
}

const adviceByStatus: Readonly<Record<number, readonly [message: string, advice: string]>> = {
  400: [
    "it does not take the request",
    `It may want something else in query or headers. ${maybeStripped}`
  ],
  401: ["credentials are missing, wrong or expired", "Give them with --auth, --header or --header-env."],
  404: [
    "nothing is served at this path",
    `Check the path of the url. If it is right: ${maybeStripped}`
  ],
  405: ["an upgrade is not allowed here", `Check the path of the url. ${maybeStripped}`],
  500: ["it failed", "See the server's log."],
  501: ["it cannot upgrade", "Check that this server, or its hosting, supports WebSockets at all."],
  502: [
    "a proxy got no good answer from the server behind it",
    "Check that the server behind the proxy runs, and the proxy's upstream address."
  ],
  504: [
    "a proxy got no answer in time from the server behind it",
    "Check that the server behind the proxy runs, and the proxy's upstream address."
  ]
}

const viaOf = (headers: Answered["headers"]): string => {
  const server = headers["server"] ?? (headers["via"] === undefined ? undefined : `via ${headers["via"]}`)
  return server === undefined ? "" : ` (${server.slice(0, 40)})`
}

const viaIsProxy = (headers: Answered["headers"]): boolean =>
  headers["via"] !== undefined || /nginx|apache|cloudflare|envoy|haproxy|varnish|caddy/i.test(headers["server"] ?? "")

/** A 101 that is wrong. */
export const aboutCheck = (failed: CheckResult | undefined, { headers }: Answered): Finding => {
  const { actual, check, expected } = failed ?? { check: "status", expected: "101", actual: "something else" }
  const says = (message: string, advice: string) => error(`The handshake is not valid: ${message}.`, advice)
  switch (check) {
    case "http":
      return actual === "HTTP/1.0"
        ? says(
          "the answer is HTTP/1.0, which knows no Upgrade",
          "Set HTTP/1.1 towards clients in the proxy or the server."
        )
        : says(`the answer is no HTTP/1.1 that every client takes: ${actual}`, "Repair the server's headers.")
    case "upgrade":
      return says(
        `101 without "Upgrade: websocket" (got ${actual})`,
        "A proxy on the way takes it out of the answer: it must hand Upgrade through in both directions."
      )
    case "connection":
      return says(
        `101 without "Connection: Upgrade" (got ${actual})`,
        actual.toLowerCase().includes("close")
          ? "Something on the way answers with Connection: close: a proxy that does not upgrade the connection, though the server did."
          : "A proxy on the way takes it out of the answer: it must hand Connection through in both directions."
      )
    case "accept":
      return says(
        actual === "nothing" ? "Sec-WebSocket-Accept is missing" : "Sec-WebSocket-Accept is that of another request",
        actual === "nothing"
          ? "What answers there is no WebSocket server, or a proxy takes the header out."
          : "A cache answers in the server's place (take this path out of it), or the server computes it wrongly."
      )
    case "extensions":
      return says(
        `the server turns on extensions that were not offered (${actual})`,
        headers["sec-websocket-extensions"]?.includes("permessage-deflate") === true
          ? "Switch them off on the server where the client does not offer them; --compress offers compression."
          : "Switch them off on the server."
      )
    case "subprotocol":
      return actual === "nothing"
        ? says(
          `the server chose none of the subprotocols (${expected})`,
          "Check how the server spells its subprotocol; --allow-no-subprotocol takes it nevertheless."
        )
        : says(
          `the server chose the subprotocol ${actual}, which was not offered`,
          `Offer it with --subprotocol, if the client speaks it; expected was ${expected}.`
        )
    case "status":
      return says(`status ${actual}`, "Check the path.")
  }
}
