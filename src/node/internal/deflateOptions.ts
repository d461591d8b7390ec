/**
 * Compression (RFC 7692) as people ask for it, as `ws` takes it, and as it is
 * offered to the server.
 */
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import { InvalidRequest } from "../../ConnectionError.ts"
import type { DeflateOptions } from "../NodeTransport.ts"

export interface Deflate {
  readonly ws: false | Record<string, unknown>
  /** The elements of `Sec-WebSocket-Extensions`. */
  readonly offer: ReadonlyArray<string>
}

type Checked<A> = Result.Result<A, InvalidRequest>

const refuse = (name: string, wanted: string): Checked<never> =>
  Result.fail(new InvalidRequest({ option: `transport.perMessageDeflate${name}`, problem: `must be ${wanted}` }))

const integers: ReadonlyArray<readonly [name: keyof DeflateOptions, from: number, to: number]> = [
  ["threshold", 0, 2 ** 31 - 1],
  ["concurrencyLimit", 1, 1024],
  ["level", -1, 9],
  ["memLevel", 1, 9],
  // zlib cannot deflate with a window of 2^8.
  ["clientMaxWindowBits", 9, 15],
  ["serverMaxWindowBits", 8, 15]
]

const flags = ["clientNoContextTakeover", "serverNoContextTakeover"] as const

export const deflate = (option: boolean | DeflateOptions | undefined): Checked<Deflate> => {
  if (option === undefined || option === false) return Result.succeed({ ws: false, offer: [] })
  if (option !== true && !Predicate.isObject(option)) return refuse("", "true, false or an object")
  const given: DeflateOptions = option === true ? {} : option
  for (const [name, from, to] of integers) {
    const value = given[name]
    if (value !== undefined && !(Number.isInteger(value) && Number(value) >= from && Number(value) <= to)) {
      return refuse(`.${name}`, `a whole number from ${from} to ${to}`)
    }
  }
  for (const name of flags) {
    if (given[name] !== undefined && !Predicate.isBoolean(given[name])) return refuse(`.${name}`, "true or false")
  }
  const { level, memLevel, ...rest } = given
  return Result.succeed({
    ws: {
      ...Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined)),
      zlibDeflateOptions: {
        ...(level === undefined ? undefined : { level }),
        ...(memLevel === undefined ? undefined : { memLevel })
      }
    },
    offer: [offer(given)]
  })
}

/** Word for word what `ws` sends. */
const offer = (given: DeflateOptions): string =>
  [
    "permessage-deflate",
    given.serverNoContextTakeover === true ? "server_no_context_takeover" : undefined,
    given.clientNoContextTakeover === true ? "client_no_context_takeover" : undefined,
    given.serverMaxWindowBits === undefined ? undefined : `server_max_window_bits=${given.serverMaxWindowBits}`,
    given.clientMaxWindowBits === undefined
      ? "client_max_window_bits"
      : `client_max_window_bits=${given.clientMaxWindowBits}`
  ].filter((part) => part !== undefined).join("; ")
