/**
 * The headers of a request: what a user gave, unwrapped and found legal. Every
 * sentence names the header, none its value.
 */
import * as Headers from "effect/http/Headers"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import { InvalidRequest } from "./reasons.ts"
import { shorten } from "./text.ts"
import { isToken, tokenPrefix } from "./token.ts"

const invalid = (problem: string) => Result.fail(new InvalidRequest({ option: "headers", problem }))

// Visible ASCII, space, tab and obs-text (RFC 9110 §5.5).
const legalValue = /^[\t\x20-\x7e\x80-\xff]*$/

/**
 * Unwraps and checks headers; names become lower case.
 *
 * Takes a record or pairs, whose values are strings, arrays of strings (joined
 * with ", ") or undefined (left out). The whole and each value may be `Redacted`.
 */
export const requestHeaders = (input: unknown): Result.Result<Headers.Headers, InvalidRequest> => {
  const given = unwrap(input)
  if (given === undefined) return Result.succeed(Headers.empty)
  if (!Predicate.isObjectOrArray(given)) return invalid("must be a record of header names and values")
  const out = new Map<string, string>()
  for (const entry of Predicate.isIterable(given) ? given : Object.entries(given)) {
    if (!Array.isArray(entry) || typeof entry[0] !== "string") {
      return invalid("must be a record, or pairs of a header name and its value")
    }
    const [name, wrapped] = entry as [string, unknown]
    if (unwrap(wrapped) === undefined) continue
    const value = headerValue(unwrap(wrapped))
    const problem = nameProblem(name) ?? valueProblem(name, value)
    if (problem !== undefined) return invalid(problem)
    const key = name.toLowerCase()
    if (out.has(key)) return invalid(`"${key}" is given more than once: give it once, in one case`)
    out.set(key, value!)
  }
  return Result.succeed(Headers.fromInput(out))
}

const unwrap = (u: unknown): unknown => Redacted.isRedacted(u) ? Redacted.value(u) : u

const headerValue = (u: unknown): string | undefined => {
  if (typeof u === "string") return u
  if (!Array.isArray(u)) return undefined
  const values: ReadonlyArray<unknown> = u.map(unwrap)
  return values.every((value) => typeof value === "string") ? values.join(", ") : undefined
}

const nameProblem = (name: string): string | undefined => {
  if (!isToken(name)) {
    // What follows the first illegal character may be the value, put into the wrong place.
    const legal = tokenPrefix(name)
    return `a header name that begins with "${shorten(legal, 40)}" holds a character that names may not have: ` +
      "write only the name, without colon, spaces or line breaks"
  }
  const lower = name.toLowerCase()
  if (lower === "sec-websocket-protocol") return `"${name}" belongs to the handshake: give \`subprotocols\` instead`
  if (lower.startsWith("sec-websocket-") || reserved.has(lower)) {
    return `"${shorten(name, 60)}" belongs to the handshake itself: leave it out`
  }
  return undefined
}

const reserved: ReadonlySet<string> = new Set([
  "upgrade",
  "connection",
  "content-length",
  "transfer-encoding",
  "trailer"
])

const valueProblem = (name: string, value: string | undefined): string | undefined => {
  const header = `the value of "${shorten(name, 60)}"`
  if (value === undefined) return `${header} must be a string, an array of strings or a Redacted of them`
  if (legalValue.test(value)) return undefined
  return /[\r\n\0]/.test(value)
    ? `${header} holds a line break or NUL: take it out (what was read from a file often ends with one)`
    : `${header} holds a control character or one outside Latin-1: encode it first, as base64 for example`
}
