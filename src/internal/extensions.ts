/**
 * `Sec-WebSocket-Extensions`: its grammar (RFC 6455 §9.1) and which answers to an
 * offer are legal (RFC 7692 §7.1).
 */
import { isToken } from "./token.ts"

/** One extension of an offer or an answer. A parameter without a value has none. */
export interface Extension {
  readonly name: string
  readonly parameters: ReadonlyArray<readonly [name: string, value: string | undefined]>
}

/**
 * Reads the header; undefined where it breaks the grammar.
 */
export const parse = (header: string): ReadonlyArray<Extension> | undefined => {
  const out: Array<Extension> = []
  // Quoted values must be tokens once unquoted, so neither "," nor ";" can be within.
  for (const element of header.split(",")) {
    const [name = "", ...rest] = element.split(";").map((part) => part.trim())
    const parameters = rest.map(parameter)
    if (!isToken(name) || !parameters.every((parameter) => parameter !== undefined)) return undefined
    out.push({ name, parameters })
  }
  return out
}

const parameter = (text: string): readonly [string, string | undefined] | undefined => {
  const equals = text.indexOf("=")
  if (equals === -1) return isToken(text) ? [text, undefined] : undefined
  const name = text.slice(0, equals).trim()
  const raw = text.slice(equals + 1).trim()
  const value = /^"(.*)"$/.exec(raw)?.[1]?.replace(/\\(.)/g, "$1") ?? raw
  return isToken(name) && isToken(value) ? [name, value] : undefined
}

/**
 * Whether the answer agrees to nothing that was not offered, and to no extension
 * twice. `offered` has the elements of the offer, such as
 * `permessage-deflate; client_max_window_bits`.
 */
export const isLegalAnswer = (offered: ReadonlyArray<string>, answer: string): boolean => {
  const agreed = parse(answer)
  if (agreed === undefined || new Set(agreed.map((extension) => extension.name)).size !== agreed.length) return false
  const offers = offered.flatMap((offer) => parse(offer) ?? [])
  return agreed.every((extension) =>
    offers.some((offer) =>
      offer.name === extension.name && (extension.name !== "permessage-deflate" || isLegalDeflate(offer, extension))
    )
  )
}

const isLegalDeflate = (offer: Extension, answer: Extension): boolean => {
  const offered = new Map(offer.parameters)
  if (new Set(answer.parameters.map(([name]) => name)).size !== answer.parameters.length) return false
  return answer.parameters.every(([name, value]) => {
    switch (name) {
      case "server_no_context_takeover":
      case "client_no_context_takeover":
        return value === undefined
      case "server_max_window_bits":
        return isWindow(value, offered.get(name))
      // §7.1.2.2: only in answer to an offer that had it.
      case "client_max_window_bits":
        return offered.has(name) && isWindow(value, offered.get(name))
      default:
        return false
    }
  })
}

// 8 to 15 without leading zeros, and no more than was offered.
const isWindow = (value: string | undefined, offered: string | undefined): boolean =>
  value !== undefined && /^(?:[89]|1[0-5])$/.test(value) && (offered === undefined || Number(value) <= Number(offered))
