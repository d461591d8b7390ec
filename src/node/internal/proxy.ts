/**
 * Dialling through a proxy: an agent for one dial, made by `https-proxy-agent`,
 * which is loaded when it is used.
 */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import type * as HttpsProxyAgent from "https-proxy-agent"
import type { Agent } from "node:http"
import { ConnectFailed, InvalidRequest } from "../../ConnectionError.ts"
import type { NodeTransportOptions } from "../NodeTransport.ts"
import { type Environment, proxyFromEnv } from "./proxyEnv.ts"

/** The proxy for a target, if any. Fails where the environment names one that cannot be used. */
export type ProxyFor = (target: URL) => Result.Result<URL | undefined, InvalidRequest>

/** A way to one target, good for one dial. */
export interface Tunnel {
  readonly agent: Agent
  /** Destroys the connection to the proxy, also while the proxy is being asked. */
  readonly abort: () => void
}

const none: Result.Result<undefined, InvalidRequest> = Result.succeed(undefined)

/** Reads the option once; the environment, too, is read once. */
export const proxyFor = (
  option: NodeTransportOptions["proxy"],
  env: Environment
): Result.Result<ProxyFor | undefined, InvalidRequest> => {
  if (option === undefined) return none
  if (option === "env") {
    const snapshot = { ...env }
    return Result.succeed((target) => {
      const found = proxyFromEnv(target, snapshot)
      return found === undefined ? none : parse(found)
    })
  }
  return Result.map(parse(option), (url) => (target) => target.protocol === "ws+unix:" ? none : Result.succeed(url))
}

// No sentence quotes the url: it may hold a password.
const invalid = (problem: string): Result.Result<never, InvalidRequest> =>
  Result.fail(new InvalidRequest({ option: "transport.proxy", problem }))

const parse = (option: unknown): Result.Result<URL, InvalidRequest> => {
  const given = Redacted.isRedacted(option) ? Redacted.value(option) : option
  if (!(given instanceof URL) && typeof given !== "string") {
    return invalid("must be a URL such as \"http://proxy.example:3128\", a Redacted of one, or \"env\"")
  }
  const text = String(given)
  // curl and others take a proxy without a scheme as http.
  const absolute = text.includes("://") ? text : `http://${text}`
  if (!URL.canParse(absolute)) return invalid("cannot be parsed: give a URL such as \"http://proxy.example:3128\"")
  const url = new URL(absolute)
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    return invalid(`must be an http or https proxy, not ${url.protocol}; for others give \`transport.agent\``)
  }
  return Result.succeed(url)
}

type ProxyModule = Pick<typeof HttpsProxyAgent, "HttpsProxyAgent">

/** How the proxy itself is dialled. */
export interface ProxySocketOptions {
  readonly localAddress?: string
  readonly family?: number
  /** Whom to trust, where the proxy is spoken to over TLS. */
  readonly ca?: NonNullable<NonNullable<NodeTransportOptions["tls"]>["ca"]>
  readonly rejectUnauthorized?: boolean
}

/** Loads the package that speaks to proxies. */
export const loadProxyAgent = (
  load: () => Promise<ProxyModule> = () => import("https-proxy-agent")
): Effect.Effect<(proxy: URL, secure: boolean, socket: ProxySocketOptions) => Tunnel, InvalidRequest> =>
  Effect.map(
    Effect.tryPromise({
      try: load,
      catch: () =>
        new InvalidRequest({
          option: "transport.proxy",
          problem: "needs the package https-proxy-agent, which cannot be loaded: npm install https-proxy-agent"
        })
    }),
    ({ HttpsProxyAgent }) => (proxy, secure, socket) => {
      const aborter = new AbortController()
      // The signal reaches the socket to the proxy, which nobody else can before the proxy has answered.
      const agent = new HttpsProxyAgent(proxy, { ...socket, signal: aborter.signal })
      // Else it looks for `node:https` in a stack trace, which fails where those are cut short.
      agent.protocol = secure ? "https:" : "http:"
      return { agent, abort: () => aborter.abort() }
    }
  )

/** The reason where the proxy gave no tunnel. */
export const proxyRefusal = (status: number): ConnectFailed =>
  new ConnectFailed({
    phase: "proxy",
    // The agent reads a status of NaN out of what is no HTTP.
    code: status > 0 ? `HTTP_${status}` : "UNKNOWN",
    detail: status === 407
      ? "the proxy wants credentials"
      : status > 0
      ? `the proxy answered with HTTP ${status}`
      : "the proxy did not answer in HTTP"
  })
