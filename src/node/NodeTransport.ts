/**
 * The transport for Node, on `ws`.
 *
 * ```ts
 * NodeTransport.layer({ maxPayload: 1024 * 1024 })
 * ```
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import type { Agent } from "node:http"
import { ConnectionError } from "../ConnectionError.ts"
import { Transport } from "../Transport.ts"
import { makeDial } from "./internal/dial.ts"
import { loadProxyAgent } from "./internal/proxy.ts"
import { resolve } from "./internal/transportOptions.ts"

/** A PEM text or its bytes. */
export type Pem = string | Uint8Array

/**
 * TLS for wss; whatever is not given is Node's own default.
 */
export interface TlsOptions {
  /** Certificates to trust, in place of Node's own list; of a proxy, too. */
  readonly ca?: Pem | ReadonlyArray<Pem> | undefined
  /** Our certificate, with its chain, for servers that want one. */
  readonly cert?: Pem | undefined
  /** The private key of `cert`. */
  readonly key?: Pem | Redacted.Redacted<Pem> | undefined
  /** What `key` is encrypted with. */
  readonly passphrase?: string | Redacted.Redacted<string> | undefined
  /** The host name to ask and check for; default: the url's. Not an address (RFC 6066 §3). */
  readonly servername?: string | undefined
  /** Whether a server, or a proxy, that cannot prove who it is is refused; default true. False is for tests only. */
  readonly rejectUnauthorized?: boolean | undefined
  /** The oldest TLS that is spoken; default: Node's own, TLS 1.2. */
  readonly minVersion?: "TLSv1.2" | "TLSv1.3" | undefined
  /** The newest TLS that is spoken; default: Node's own, TLS 1.3. */
  readonly maxVersion?: "TLSv1.2" | "TLSv1.3" | undefined
  /** OpenSSL's list of ciphers; default: Node's own. */
  readonly ciphers?: string | undefined
}

/**
 * Compression, RFC 7692; whatever is not given is `ws`'s own default.
 */
export interface DeflateOptions {
  /** Bytes below which a message is not compressed, where no context is kept; default 1024. */
  readonly threshold?: number | undefined
  /** zlib's level, -1 to 9; default -1, zlib's own. */
  readonly level?: number | undefined
  /** zlib's memory level, 1 to 9; default 8. */
  readonly memLevel?: number | undefined
  /** Compressions at the same time, for the whole process: the first transport's number holds; default 10. */
  readonly concurrencyLimit?: number | undefined
  /** Our window, 9 to 15 bits; default: what the server asks for. */
  readonly clientMaxWindowBits?: number | undefined
  /** The server's window, 8 to 15 bits, that we ask for; default: the server's own. */
  readonly serverMaxWindowBits?: number | undefined
  /** We start anew with each message; default false. */
  readonly clientNoContextTakeover?: boolean | undefined
  /** We ask the server to start anew with each message; default false. */
  readonly serverNoContextTakeover?: boolean | undefined
}

/**
 * Everything about the socket; all of it optional.
 */
export interface NodeTransportOptions {
  /** For wss; default: Node's own choices. */
  readonly tls?: TlsOptions | undefined
  /** An agent of node:http, or of node:https for wss, to make the sockets; default none. Not together with `proxy`. */
  readonly agent?: Agent | undefined
  /**
   * A proxy to tunnel through (CONNECT): its url, with credentials where it
   * wants some, or `"env"` for what `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and
   * `NO_PROXY` say, in lower case first; default none. Needs the package
   * `https-proxy-agent`, which is loaded when it is used.
   */
  readonly proxy?: string | URL | Redacted.Redacted<string> | Redacted.Redacted<URL> | undefined
  /** Offers compression; default false, since each connection then costs some 300 KiB. */
  readonly perMessageDeflate?: boolean | DeflateOptions | undefined
  /** The largest message that is taken, in bytes, after decompression; default 16 MiB. A larger one ends the session with 1009. */
  readonly maxPayload?: number | undefined
  /** The most fragments of one message; default 16 384. More end the session with 1008. */
  readonly maxFragments?: number | undefined
  /** The most chunks of one frame that wait for its end; default 262 144. More end the session with 1008. */
  readonly maxBufferedChunks?: number | undefined
  /** The address of this machine to dial from; default: the system's choice. */
  readonly localAddress?: string | undefined
  /** Dials IPv4 or IPv6 addresses only; default both (RFC 8305). */
  readonly family?: 4 | 6 | undefined
  /** How long TCP is idle before the kernel's first probe, false for none; default 30 seconds. No substitute for a heartbeat. */
  readonly keepAlive?: Duration.Input | false | undefined
  /** Sends small frames at once (TCP_NODELAY); default true. */
  readonly noDelay?: boolean | undefined
  /**
   * The most redirects to follow within one dial; default 0. Never from wss to
   * ws; to another origin goes no header that may be a credential, and no
   * `Redacted` subprotocol.
   */
  readonly redirects?: number | undefined
}

/**
 * Makes a `Transport` on `ws`.
 *
 * Fails with `InvalidRequest`, which names the option, where an option can never
 * work, or where `proxy` is given and `https-proxy-agent` is not installed.
 */
export const make = (options?: NodeTransportOptions): Effect.Effect<Transport["Service"], ConnectionError> =>
  options === undefined ? withDefaults : makeWith(options)

const makeWith = Effect.fnUntraced(function*(
  options: NodeTransportOptions
): Effect.fn.Return<Transport["Service"], ConnectionError> {
  const failed = Effect.mapError((reason: ConnectionError["reason"]) => new ConnectionError({ reason }))
  const config = yield* failed(Effect.fromResult(resolve(options, process.env)))
  if (config.proxyFor !== undefined && options.proxy !== "env") yield* failed(loadProxyAgent())
  return Transport.of({
    capabilities: { ping: true, pause: true, headers: true, response: true, closeCodes: "any" },
    extensions: config.extensions,
    dial: makeDial(config)
  })
})

/** One for all connections that are not told otherwise: it holds nothing of any of them. */
let usual: Transport["Service"] | undefined
const withDefaults = Effect.suspend(() =>
  usual === undefined ? Effect.tap(makeWith({}), (made) => Effect.sync(() => usual = made)) : Effect.succeed(usual)
)

/**
 * The `Transport` on `ws`, as a layer. It holds nothing of any connection.
 */
export const layer = (options?: NodeTransportOptions): Layer.Layer<Transport, ConnectionError> =>
  Layer.effect(Transport, make(options))
