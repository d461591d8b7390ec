/**
 * What was understood of a config, for people: whole, but without secrets.
 */
import * as Redacted from "effect/Redacted"
import type { Path } from "./problem.ts"

const hidden = "<secret>"

/** The groups and keys in which every text may be a secret. */
const secrets = new Set(["headers", "bearer", "password", "key", "passphrase", "greet", "message", "token"])

/** The definition with its secrets hidden. A command is shown: who gives secrets as arguments shows them to `ps`. */
export const understood = (value: unknown, path: Path = []): unknown => {
  if (Redacted.isRedacted(value)) return hidden
  const key = path.findLast((part) => typeof part === "string")
  if (typeof value === "string") {
    if (path.some((part) => secrets.has(String(part))) && !["reply", "timeout"].includes(String(key))) return hidden
    return key === "url" || key === "proxy" ? withoutSecrets(value) : value
  }
  if (Array.isArray(value)) return value.map((item, index) => understood(item, [...path, index]))
  if (typeof value !== "object" || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, understood(inner, [...path, name])]))
}

/** Origin and path; the rest may be a secret, so only that there is one is said. */
export const withoutSecrets = (url: string): string => {
  const found = /^([a-z][a-z0-9+.-]*:\/\/)(?:[^/?#]*@)?([^?#]*)(.*)$/is.exec(url)
  return found === null ? url : `${found[1]}${found[2]}${found[3] === "" ? "" : "?…"}`
}
