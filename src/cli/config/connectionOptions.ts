/**
 * What the keys of a connection mean to the library.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type { ConnectionError } from "../../ConnectionError.ts"
import type { GreetSession } from "../../Handshake.ts"
import * as Heartbeat from "../../Heartbeat.ts"
import type { Message } from "../../Link.ts"
import type * as NodeConnection from "../../node/NodeConnection.ts"
import type { NodeTransportOptions, TlsOptions } from "../../node/NodeTransport.ts"
import * as Reconnect from "../../Reconnect.ts"
import { basicAuth } from "../basicAuth.ts"
import { bytesOf, millisOf } from "./quantities.ts"
import type { ConnectionKeys } from "./schema.ts"

type Keys<K extends keyof ConnectionKeys> = NonNullable<ConnectionKeys[K]>

/** How to connect. */
export const connectionOptions = (keys: ConnectionKeys): NodeConnection.Options => ({
  url: typeof keys.url === "string" ? Redacted.make(keys.url) : keys.url ?? "",
  headers: headersOf(keys),
  subprotocols: keys.subprotocols,
  requireSubprotocol: keys.requireSubprotocol,
  timeout: duration(keys.timeout),
  ...(keys.greet === undefined ? {} : greetOf(keys.greet)),
  heartbeat: keys.heartbeat === undefined ? undefined : heartbeatOf(keys.heartbeat),
  reconnect: keys.reconnect === undefined ? undefined : reconnectOf(keys.reconnect),
  transport: transportOf(keys),
  inbound: inboundOf(keys),
  outbound: outboundOf(keys.outbound),
  closeTimeout: duration(keys.closeTimeout),
  // A service goes away; it does not end its business (RFC 6455 §7.4.1).
  closeCode: keys.closeCode ?? 1001
})

const duration = (text: string | undefined): Duration.Duration | undefined =>
  text === undefined ? undefined : text === "Infinity" ? Duration.infinity : Duration.millis(millisOf(text) ?? 0)

const bytes = (size: string | number | undefined): number | undefined => size === undefined ? undefined : bytesOf(size)

/** Headers with the credentials among them. Each value may be a secret. */
export const headersOf = (
  keys: Pick<ConnectionKeys, "headers" | "auth">
): Record<string, Redacted.Redacted> | undefined => {
  if (keys.headers === undefined && keys.auth === undefined) return undefined
  const headers = Object.entries(keys.headers ?? {}).map(([name, value]) =>
    [name.toLowerCase(), secret(value)] as const
  )
  return Object.fromEntries(
    keys.auth === undefined ? headers : [...headers, ["authorization", authorization(keys.auth)] as const]
  )
}

/** A text as a secret. */
export const secret = (value: string | Redacted.Redacted): Redacted.Redacted =>
  typeof value === "string" ? Redacted.make(value) : value

const plain = (value: string | Redacted.Redacted): string => typeof value === "string" ? value : Redacted.value(value)

const authorization = ({ bearer, password, username }: Keys<"auth">): Redacted.Redacted =>
  Redacted.make(
    bearer === undefined
      ? basicAuth(`${username ?? ""}:${plain(password ?? "")}`)
      : `Bearer ${plain(bearer)}`
  )

type MessageValue = NonNullable<Extract<Keys<"heartbeat">, object>["message"]>

/** The message that is sent. */
export const messageOf = (value: MessageValue): Message =>
  typeof value === "string"
    ? value
    : Redacted.isRedacted(value)
    ? Redacted.value(value)
    : "base64" in value
    ? new Uint8Array(Buffer.from(value.base64, "base64"))
    : JSON.stringify(value.json)

/** Whether a message matches; bytes are matched as text. */
const matches = (pattern: string): (message: Message) => boolean => {
  const expression = new RegExp(pattern)
  return (message) => expression.test(typeof message === "string" ? message : Buffer.from(message).toString("latin1"))
}

const heartbeatOf = (heartbeat: Keys<"heartbeat">): NodeConnection.Options["heartbeat"] => {
  if (heartbeat === false) return false
  const { idle, message, reply } = heartbeat
  const pace = { interval: duration(heartbeat.interval), timeout: duration(heartbeat.timeout) }
  const within = duration(idle)
  const asks = message === undefined
    ? Heartbeat.layer(pace)
    : Heartbeat.layerMessage({
      ...pace,
      message: messageOf(message),
      isReply: reply === undefined ? undefined : matches(reply)
    })
  if (within === undefined) return message === undefined ? pace : asks
  // A feed may be silent behind a living connection: who gives both wants both watched.
  return message === undefined && heartbeat.interval === undefined && heartbeat.timeout === undefined
    ? Heartbeat.layerIdle({ within })
    : Heartbeat.all([asks, Heartbeat.layerIdle({ within })])
}

const reconnectOf = (reconnect: Keys<"reconnect">): NodeConnection.Options["reconnect"] =>
  reconnect === false ? false : {
    schedule: Reconnect.schedule({
      first: duration(reconnect.first),
      base: duration(reconnect.base),
      factor: reconnect.factor,
      cap: duration(reconnect.cap),
      times: reconnect.times,
      during: duration(reconnect.during)
    }),
    resetAfter: duration(reconnect.resetAfter)
  }

const transportOf = (keys: ConnectionKeys): NodeTransportOptions | undefined => {
  const options = Object.entries<unknown>({
    tls: keys.tls === undefined ? undefined : tlsOf(keys.tls),
    // Proxies of the environment are what every other program of the machine takes.
    proxy: keys.proxy,
    perMessageDeflate: typeof keys.compression === "object"
      ? { ...keys.compression, threshold: bytes(keys.compression.threshold) }
      : keys.compression,
    maxPayload: bytes(keys.maxPayload),
    localAddress: keys.localAddress,
    family: keys.family,
    keepAlive: keys.keepAlive === false ? false : duration(keys.keepAlive),
    noDelay: keys.noDelay,
    redirects: keys.redirects
  }).filter(([, value]) => value !== undefined)
  // One transport serves all connections that are told nothing special.
  return options.length === 0 ? undefined : Object.fromEntries(options)
}

/** What TLS is told. */
export const tlsOf = (tls: Keys<"tls">): TlsOptions => ({
  ...tls,
  ca: tls.ca === undefined
    ? undefined
    : typeof tls.ca === "string" || Redacted.isRedacted(tls.ca)
    ? plain(tls.ca)
    : tls.ca.map(plain),
  cert: tls.cert === undefined ? undefined : plain(tls.cert),
  key: tls.key === undefined ? undefined : secret(tls.key),
  passphrase: tls.passphrase === undefined ? undefined : secret(tls.passphrase)
})

const inboundOf = ({ inbound, to }: ConnectionKeys): NodeConnection.Options["inbound"] => {
  const nobodyReads = to === undefined || to.length === 0
  if (inbound === undefined) return nobodyReads ? unread : undefined
  return {
    ...inbound,
    highWaterMark: bytes(inbound.highWaterMark),
    maxPause: duration(inbound.maxPause),
    unread: inbound.unread ?? (nobodyReads ? "discard" : undefined)
  }
}

// Without sinks nobody will ever read: what would be kept is only held. One object for all such connections.
const unread = { unread: "discard" } as const

const outboundOf = (outbound: ConnectionKeys["outbound"]): NodeConnection.Options["outbound"] => {
  if (outbound === undefined) return undefined
  const { rateLimit, whileDisconnected } = outbound
  return {
    highWaterMark: bytes(outbound.highWaterMark),
    whileDisconnected: typeof whileDisconnected === "object"
      ? {
        ...whileDisconnected,
        buffer: { ...whileDisconnected.buffer, bytes: bytes(whileDisconnected.buffer.bytes) }
      }
      : whileDisconnected,
    rateLimit: rateLimit === undefined
      ? undefined
      : { limit: rateLimit.limit, window: Duration.millis(millisOf(rateLimit.window) ?? 0) }
  }
}

const greetOf = (greet: Keys<"greet">): Pick<NodeConnection.Options, "greet" | "greetTimeout"> => {
  const { reply, send, timeout } = "length" in greet ? { send: greet, reply: undefined, timeout: undefined } : greet
  const messages = (send ?? []).map(messageOf)
  const isReply = reply === undefined ? undefined : matches(reply)
  return {
    greetTimeout: duration(timeout),
    greet: (session) =>
      Effect.andThen(
        Effect.forEach(messages, session.send, { discard: true }),
        isReply === undefined ? Effect.void : awaitReply(session, isReply)
      )
  }
}

// The library's own deadline for introductions bounds this.
const awaitReply = (
  session: GreetSession,
  isReply: (message: Message) => boolean
): Effect.Effect<void, ConnectionError> =>
  Effect.flatMap(session.receive, (message) => isReply(message) ? Effect.void : awaitReply(session, isReply))
