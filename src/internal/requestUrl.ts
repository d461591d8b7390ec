/**
 * The url of a request: what a user gave, normalised, with the credentials taken
 * out of it (RFC 6455 §3 and §4.1).
 */
import * as Base64 from "effect/encoding/Base64"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import { InvalidRequest } from "./reasons.ts"

/** A url that can be dialled. */
export interface RequestUrl {
  /** ws, wss or ws+unix; no fragment, no userinfo. Its query may hold secrets. */
  readonly url: string
  /** Origin and path, for people. */
  readonly endpoint: string
  /** The `authorization` header that the userinfo stands for (RFC 7617). */
  readonly authorization: Option.Option<string>
}

// No sentence here quotes the url: `user:secret@host` parses as the scheme `user:`.
const invalid = (problem: string) => Result.fail(new InvalidRequest({ option: "url", problem }))

const wanted = "an absolute URL such as \"wss://host/path\""

/**
 * Normalises a url: http and https are taken as ws and wss, the path is never
 * empty, userinfo becomes Basic auth.
 */
export const requestUrl = (input: unknown): Result.Result<RequestUrl, InvalidRequest> => {
  const given = Redacted.isRedacted(input) ? Redacted.value(input) : input
  const text = Predicate.isObject(given) && "href" in given ? given.href : given
  if (typeof text !== "string") return invalid(`must be ${wanted}, as a string, a URL or a Redacted of them`)
  const parsed = Result.try(() => new URL(text))
  if (Result.isFailure(parsed)) return invalid(`cannot be parsed: give ${wanted}`)
  const url = parsed.success
  // `hash` is empty for a bare "#", which is a fragment all the same.
  if (url.href.includes("#")) {
    return invalid("has a fragment, which a WebSocket URL may not have: leave \"#\" out, or write it as \"%23\"")
  }
  switch (url.protocol) {
    case "ws:":
    case "wss:":
      return withoutUserinfo(url)
    case "http:":
    case "https:":
      return withoutUserinfo(new URL(url.href.replace(/^http/, "ws")))
    case "ws+unix:":
      return unixSocket(url)
    default:
      return invalid("must begin with ws://, wss://, http://, https:// or ws+unix:")
  }
}

const withoutUserinfo = (url: URL): Result.Result<RequestUrl, InvalidRequest> => {
  const authorization = basicAuth(url)
  if (Result.isFailure(authorization)) return Result.fail(authorization.failure)
  url.username = ""
  url.password = ""
  return Result.succeed({
    url: url.href,
    endpoint: `${url.protocol}//${url.host}${url.pathname}`,
    authorization: authorization.success
  })
}

const basicAuth = (url: URL): Result.Result<Option.Option<string>, InvalidRequest> => {
  if (url.username === "" && url.password === "") return Result.succeed(Option.none())
  const decoded = Result.try(() => [decodeURIComponent(url.username), decodeURIComponent(url.password)] as const)
  if (Result.isFailure(decoded)) {
    return invalid("has a user name or password with a broken percent-encoding: write \"%\" as \"%25\"")
  }
  const [user, password] = decoded.success
  if (user.includes(":")) {
    return invalid(
      "has a user name with a colon, which Basic auth cannot carry: give an `authorization` header instead"
    )
  }
  return Result.succeed(Option.some(`Basic ${Base64.encode(`${user}:${password}`)}`))
}

/**
 * `ws+unix:/path/to.sock:/request/path?query`: everything before the first colon
 * is the socket, as in `ws`.
 */
const unixSocket = (url: URL): Result.Result<RequestUrl, InvalidRequest> => {
  if (url.host !== "") return invalid("names a host beside a Unix socket: write ws+unix:/path/to.sock:/request/path")
  const colon = url.pathname.indexOf(":")
  const socket = colon === -1 ? url.pathname : url.pathname.slice(0, colon)
  const path = colon === -1 ? "" : url.pathname.slice(colon + 1)
  if (socket === "" || !(path === "" || path.startsWith("/"))) {
    return invalid("must name a socket and a request path: write ws+unix:/path/to.sock:/request/path")
  }
  const endpoint = `ws+unix:${socket}:${path === "" ? "/" : path}`
  return Result.succeed({ url: `${endpoint}${url.search}`, endpoint, authorization: Option.none() })
}
