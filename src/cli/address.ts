/**
 * Addresses to listen at, as flags and configs give them.
 */
import * as Effect from "effect/Effect"
import { type CliFailure, failure } from "./failure.ts"

/** A host without brackets, and a port; 0 is any that is free. */
export interface Address {
  readonly host: string
  readonly port: number
}

/** `HOST:PORT`, with brackets around an address of IPv6. */
export const parse = (text: string): Address | undefined => {
  const [, bracketed, host, digits] = /^(?:\[([0-9a-f:.]+)\]|([^\s:[\]]+)):(\d{1,5})$/i.exec(text) ?? []
  const name = bracketed ?? host
  const port = Number(digits)
  return name === undefined || port > 65_535 ? undefined : { host: name, port }
}

/** The same, and a port alone, which is one of 127.0.0.1. */
export const parseLocal = (text: string): Address | undefined => parse(text.replace(/^:?(?=\d+$)/, "127.0.0.1:"))

/** The page's address as a flag gives it. */
export const fromHttpFlag = (text: string): Effect.Effect<Address, CliFailure> =>
  given(parse(text), `--http must be HOST:PORT, such as 127.0.0.1:9464; got ${JSON.stringify(text)}`)

/** Where a command listens that is a WebSocket server; `flag` is what gives it. */
export const fromListen = (flag: string, text: string): Effect.Effect<Address, CliFailure> =>
  given(
    parseLocal(text),
    `${flag} must be HOST:PORT or a port, such as 127.0.0.1:9001; got ${JSON.stringify(text)}`
  )

const given = (address: Address | undefined, problem: string): Effect.Effect<Address, CliFailure> =>
  address === undefined ? Effect.fail(failure("usage", problem)) : Effect.succeed(address)

/** Why a command that is a WebSocket server cannot be one. */
export const cannotListen = (flag: string, text: string, error: NodeJS.ErrnoException): CliFailure =>
  failure(
    "tcp",
    `Cannot listen on ${text}: ${error.code === "EADDRINUSE" ? "EADDRINUSE, somebody else does" : error.message}.`,
    `Choose another port with ${flag}, or 0 for a free one.`
  )

/** Where clients go. */
export const url = (scheme: "ws" | "http", { host, port }: Address): string =>
  `${scheme}://${host.includes(":") ? `[${host}]` : host}:${port}`
