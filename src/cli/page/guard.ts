/**
 * Which requests are listened to at all. A server on loopback is within reach
 * of every web page that a browser on this machine shows: by forged forms, and
 * by names that suddenly mean 127.0.0.1.
 */
import type { Problem } from "./replies.ts"

/** What a request says of itself. */
export interface Asked {
  readonly method: string
  /** Without query. */
  readonly path: string
  readonly headers: { readonly [name: string]: string | undefined }
}

/** A refusal, with its status. */
export interface Refusal {
  readonly status: number
  readonly problem: Problem
}

/** Whether a host, as it is given to listen at, is this machine only. */
export const isLoopback = (host: string): boolean => {
  const name = host.replace(/^\[(.*)\]$/, "$1").toLowerCase()
  return name === "localhost" || name.endsWith(".localhost") || name === "::1" ||
    /^(?:::ffff:)?127(?:\.\d{1,3}){3}$/.test(name)
}

/**
 * Whether the `Host` header is one that a stranger's DNS cannot make mean us: a
 * loopback name or address, or the one we were told to listen at. Any port will
 * do, since tunnels change it.
 */
export const isOwnHost = (header: string | undefined, bound: string): boolean => {
  const name = hostname(header)
  return name !== undefined && (isLoopback(name) || name === hostname(bound))
}

const hostname = (authority: string | undefined): string | undefined => {
  if (authority === undefined) return undefined
  // An IPv6 address without brackets is what `--http` may have been given.
  const literal = /^[\da-f]*:[\da-f:.]*:[\da-f.]*$/i.test(authority) ? `[${authority}]` : authority
  return /^(\[[\da-f:.]+\]|[^:/@\s]+)(?::\d*)?$/i.exec(literal)?.[1]?.toLowerCase()
}

/** Whether a browser says that the request comes from our own page, or does not say. */
export const isOwnOrigin = ({ headers }: Asked): boolean => {
  const site = headers["sec-fetch-site"]
  if (site !== undefined && site !== "same-origin" && site !== "none") return false
  const origin = headers["origin"]
  if (origin === undefined) return true
  const authority = /^https?:\/\/(.+)$/i.exec(origin)?.[1]?.toLowerCase()
  return authority !== undefined && authority === headers["host"]?.toLowerCase()
}

/** Refuses what only a deceived browser sends. `bound` is the host that is listened at, `open` whether no token is asked for. */
export const refuse = (
  asked: Asked,
  options: { readonly bound: string; readonly open: boolean }
): Refusal | undefined => {
  // A token cannot be had by a name that means us: the browser keeps it for the name it was given under.
  if (options.open && !isOwnHost(asked.headers["host"], options.bound)) {
    return {
      status: 403,
      problem: {
        error: "wrongHost",
        message: "The Host header names another host.",
        advice: "Ask for localhost, or for the address that --http was given; with a token any name will do."
      }
    }
  }
  // What a link may lead to. Not "all but the API": a path can be spelt in more than one way.
  const harmless = (asked.method === "GET" || asked.method === "HEAD") &&
    (asked.path === "/" || asked.path === "/metrics" || asked.path.startsWith("/assets/"))
  if (!harmless && !isOwnOrigin(asked)) {
    return {
      status: 403,
      problem: {
        error: "wrongOrigin",
        message: "The request comes from a page of another origin.",
        advice: "Behind a reverse proxy, let it pass the Host header on as it came."
      }
    }
  }
  return undefined
}
