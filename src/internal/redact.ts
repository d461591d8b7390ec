/**
 * What of a server's headers may stand in an error, a log or a status.
 */
import * as Headers from "effect/http/Headers"

/** Stands where a secret stood. */
export const redacted = "<redacted>"

/**
 * A URL or a reference to one without what may be secret: userinfo is left out,
 * the query and the fragment are replaced.
 */
export const redactUrl = (url: string): string => {
  const end = url.search(/[?#]/)
  const visible = (end === -1 ? url : url.slice(0, end)).replace(/^([a-z][a-z0-9+.-]*:)?([\\/]{2})[^\\/]*@/i, "$1$2")
  return end === -1 ? visible : `${visible}${url[end]}${redacted}`
}

/**
 * The headers with `set-cookie`, and the query of `location`, redacted. Names
 * become lower case.
 */
export const redactHeaders = (input: Headers.Input): Headers.Headers => {
  const out: Record<string, string> = { ...joinHeaders(input) }
  for (const name of ["set-cookie", "set-cookie2"]) {
    if (out[name] !== undefined) out[name] = redacted
  }
  for (const name of ["location", "content-location"]) {
    if (out[name] !== undefined) out[name] = redactUrl(out[name])
  }
  return Headers.fromInput(out)
}

/**
 * Headers in lower case, where a name that came several times has its values
 * joined with ", " (RFC 9110 §5.3), as Node does.
 */
export const joinHeaders = (input: Headers.Input): Headers.Headers => {
  const out = new Map<string, string>()
  for (const [name, value] of Symbol.iterator in input ? input : Object.entries(input)) {
    if (value === undefined) continue
    const text = typeof value === "string" ? value : value.join(", ")
    const key = name.toLowerCase()
    const before = out.get(key)
    out.set(key, before === undefined ? text : `${before}, ${text}`)
  }
  return Headers.fromInput(out)
}
