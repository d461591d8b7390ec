/**
 * What was understood of a config, for people: whole, but without secrets.
 */
import * as Redacted from "effect/Redacted"
import type { Path } from "./problem.ts"

const hidden = "<secret>"

/** The groups and keys in which every text may be a secret. */
const secretKeys = new Set(["headers", "bearer", "password", "key", "passphrase", "greet", "message", "token"])

/** The definition with its secrets hidden. A command is shown: who gives secrets as arguments shows them to `ps`. */
export const understood = (value: unknown, path: Path = []): unknown => {
  if (Redacted.isRedacted(value)) return hidden
  if (typeof value === "string") {
    if (isSecret(path)) return hidden
    const key = lastKey(path)
    return key === "url" || key === "proxy" ? withoutSecrets(value) : value
  }
  if (Array.isArray(value)) return value.map((item, index) => understood(item, [...path, index]))
  if (typeof value !== "object" || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, understood(inner, [...path, name])]))
}

const lastKey = (path: Path) => path.findLast((part) => typeof part === "string")

/** Whether what stands there may be a secret. */
export const isSecret = (path: Path): boolean =>
  path.some((part) => secretKeys.has(String(part))) && !["reply", "timeout"].includes(String(lastKey(path)))

/** Origin and path; the rest may be a secret, so only that there is one is said. */
export const withoutSecrets = (url: string): string => {
  // As it was written, where nobody could read it in another way.
  const found = /^([a-z][a-z0-9+.-]*:\/\/)(?:[^\\\s/?#]*@)?([^\\\s/?#]+(?:\/[^\\\s?#]*)?)([?#].*)?$/i.exec(url)
  if (found !== null) return `${found[1]}${found[2]}${found[3] === undefined ? "" : "?…"}`
  // A name, such as "env" of a proxy.
  if (/^\w*$/.test(url)) return url
  // Spaces, slashes that are missing or too many, backslashes: all of that is a url to who dials it.
  if (!/^\s*(?:wss?|https?|ws\+unix):/i.test(url.replaceAll(/[\t\r\n]/g, "")) || !URL.canParse(url)) return hidden
  const { hash, host, pathname, protocol, search } = new URL(url)
  return `${protocol}${host === "" ? "" : `//${host}`}${pathname}${search === "" && hash === "" ? "" : "?…"}`
}
