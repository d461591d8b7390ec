/**
 * Which proxy the environment names for a url: `HTTPS_PROXY` for wss,
 * `HTTP_PROXY` for ws, `ALL_PROXY` for both, and the exceptions of `NO_PROXY`,
 * each in lower case first, as curl reads them.
 */
import { BlockList, isIP } from "node:net"

export type Environment = Readonly<Record<string, string | undefined>>

/**
 * The proxy's url as the variable has it, or undefined for a direct connection.
 */
export const proxyFromEnv = (url: URL, env: Environment): string | undefined => {
  if (url.protocol !== "ws:" && url.protocol !== "wss:") return undefined
  if (isExcepted(url, read(env, "no_proxy") ?? "")) return undefined
  return read(env, url.protocol === "wss:" ? "https_proxy" : "http_proxy") ?? read(env, "all_proxy")
}

const read = (env: Environment, name: string): string | undefined => {
  const value = (env[name] ?? env[name.toUpperCase()])?.trim()
  return value === "" ? undefined : value
}

const isExcepted = (url: URL, exceptions: string): boolean => {
  const host = url.hostname.replace(/^\[|\]$/g, "").replace(/\.$/, "").toLowerCase()
  const port = url.port === "" ? (url.protocol === "wss:" ? "443" : "80") : url.port
  return exceptions.split(/[\s,]+/).some((exception) =>
    exception !== "" && matches(exception.toLowerCase(), host, port)
  )
}

/** `*`, a domain with all below it, `host:port`, an address, or a range such as `10.0.0.0/8`. */
const matches = (exception: string, host: string, port: string): boolean => {
  if (exception === "*") return true
  if (exception.includes("/")) return inRange(exception, host)
  const [, name = "", only] = /^\[?(.*?)\]?(?::(\d+))?$/.exec(isIP(exception) === 0 ? exception : `[${exception}]`) ??
    []
  if (only !== undefined && only !== port) return false
  const domain = name.replace(/^\*?\./, "")
  return domain !== "" && (host === domain || (isIP(host) === 0 && host.endsWith(`.${domain}`)))
}

const inRange = (range: string, host: string): boolean => {
  const [net = "", bits = ""] = range.split("/")
  const family = isIP(net)
  const length = Number(bits)
  if (family === 0 || isIP(host) !== family || !/^\d+$/.test(bits) || length > (family === 4 ? 32 : 128)) return false
  const type = family === 4 ? "ipv4" : "ipv6"
  const list = new BlockList()
  list.addSubnet(net, length, type)
  return list.check(host, type)
}
