/**
 * Where a redirect leads, and what goes along (RFC 9110 §15.4).
 */
import { redactUrl } from "../../internal/redact.ts"

/** What one handshake is sent to. */
export interface Target {
  readonly url: string
  /** Without what belongs to the handshake itself. May hold secrets while the origin has not changed. */
  readonly headers: Readonly<Record<string, string>>
  readonly subprotocols: ReadonlyArray<string>
  /** Origin and path, for people. */
  readonly endpoint: string
}

/** What another origin may know of us. Nothing else that the user set goes there: it may be a credential. */
const harmless: ReadonlySet<string> = new Set([
  "accept",
  "accept-language",
  "cache-control",
  "origin",
  "pragma",
  "user-agent"
])

const statuses: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])

/**
 * The next target, or undefined where the answer is no redirect, or one that may
 * not be followed: from wss to ws, to another scheme, to nowhere.
 */
export const redirect = (
  from: Target,
  status: number,
  location: string | undefined,
  /** Subprotocols that are credentials. */
  secrets: ReadonlyArray<string> = []
): Target | undefined => {
  if (!statuses.has(status) || location === undefined) return undefined
  const to = resolve(from.url, location)
  if (to === undefined) return undefined
  const before = new URL(from.url)
  if (before.protocol === "wss:" && to.protocol !== "wss:") return undefined
  const sameOrigin = before.protocol === to.protocol && before.host === to.host
  return {
    url: to.href,
    headers: sameOrigin
      ? from.headers
      : Object.fromEntries(Object.entries(from.headers).filter(([name]) => harmless.has(name.toLowerCase()))),
    subprotocols: sameOrigin ? from.subprotocols : from.subprotocols.filter((name) => !secrets.includes(name)),
    endpoint: redactUrl(`${to.protocol}//${to.host}${to.pathname}`)
  }
}

const resolve = (base: string, location: string): URL | undefined => {
  // A Unix socket's URL is no base for a relative reference.
  const origin = base.startsWith("ws+unix:") ? undefined : base
  if (!URL.canParse(location, origin)) return undefined
  const to = new URL(location, origin)
  if (to.protocol === "http:" || to.protocol === "https:") return resolve(base, to.href.replace(/^http/, "ws"))
  if (to.protocol !== "ws:" && to.protocol !== "wss:") return undefined
  to.username = ""
  to.password = ""
  to.hash = ""
  return to
}
