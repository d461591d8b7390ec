/**
 * The subprotocols of a request: unique, non-empty tokens (RFC 6455 §4.1).
 */
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import { InvalidRequest } from "./reasons.ts"
import { isToken } from "./token.ts"

const invalid = (problem: string) => Result.fail(new InvalidRequest({ option: "subprotocols", problem }))

/**
 * Unwraps and checks subprotocols. The whole and each of them may be `Redacted`,
 * since some services take a token there; so no sentence quotes one.
 */
export const requestSubprotocols = (input: unknown): Result.Result<ReadonlyArray<string>, InvalidRequest> => {
  const given = unwrap(input)
  if (given === undefined) return Result.succeed([])
  if (!Array.isArray(given)) return invalid("must be an array of strings, such as [\"chat.v2\"]")
  const names: ReadonlyArray<unknown> = given.map(unwrap)
  const seen = new Set<string>()
  for (const [index, name] of names.entries()) {
    if (typeof name !== "string" || !isToken(name)) {
      return invalid(`number ${index + 1} is not a token: use letters, digits and !#$%&'*+-.^_\`|~, without spaces`)
    }
    if (seen.has(name)) return invalid(`number ${index + 1} is there twice: offer each once`)
    seen.add(name)
  }
  return Result.succeed([...seen])
}

/** Which of the names that were found legal were given as `Redacted`. */
const secrets = (input: unknown, names: ReadonlyArray<string>): ReadonlyArray<string> => {
  if (Redacted.isRedacted(input)) return names
  return Array.isArray(input) ? names.filter((_, index) => Redacted.isRedacted(input[index])) : []
}

/** Subprotocols to be offered, and those among them that may not be shown. */
export interface Offer {
  readonly names: ReadonlyArray<string>
  readonly secret: ReadonlyArray<string>
}

/** The same, with what may not be shown. */
export const offeredSubprotocols = (input: unknown): Result.Result<Offer, InvalidRequest> =>
  Result.map(requestSubprotocols(input), (names) => ({ names, secret: secrets(input, names) }))

const unwrap = (u: unknown): unknown => Redacted.isRedacted(u) ? Redacted.value(u) : u
