/**
 * The step through an HTTP proxy: CONNECT, and what the proxy says to it.
 */
import * as Effect from "effect/Effect"
import { proxyRefusal } from "../../node/internal/proxy.ts"
import { basicAuthOf } from "../basicAuth.ts"
import type { Incoming } from "./Incoming.ts"
import { readHead } from "./responseHead.ts"
import { error, type Problem, problem, type Told } from "./Step.ts"

/** Asks the proxy, over the connection to it, for one to `authority`. */
export const tunnel = (
  incoming: Incoming,
  proxy: URL,
  authority: string
): Effect.Effect<readonly [Incoming, Told], Problem> =>
  Effect.gen(function*() {
    const lines = [`CONNECT ${authority} HTTP/1.1`, `Host: ${authority}`]
    const authorization = basicAuthOf(proxy)
    if (authorization !== undefined) lines.push(`Proxy-Authorization: ${authorization}`)
    incoming.socket.write(`${lines.join("\r\n")}\r\n\r\n`)
    const head = yield* incoming.when(() => readHead(incoming.bytes) ?? (incoming.over ? "gone" : undefined))
    const where = proxy.host
    if (head === "gone") {
      return yield* problem(
        "tcp",
        `${where} hung up`,
        error(
          `The proxy ${where} hung up without an answer.`,
          "Check that it is an HTTP proxy that allows CONNECT to this port."
        )
      )
    }
    const status = head._tag === "Head" ? head.status : NaN
    if (status !== 200 || head._tag !== "Head") {
      const { code, detail } = proxyRefusal(status)
      return yield* problem(
        "tcp",
        `${where}: ${code}`,
        error(
          `The proxy ${where} gave no tunnel: ${detail}.`,
          status === 407
            ? "Give the credentials in the proxy's url: --proxy http://user:password@host:port."
            : "Check the proxy's address, and that it allows CONNECT to this host and port."
        ),
        { details: { proxy: where, status: Number.isNaN(status) ? undefined : status } }
      )
    }
    incoming.bytes = incoming.bytes.subarray(head.length)
    return [incoming, { text: `${where} opened a tunnel to ${authority}`, details: { proxy: where, status } }] as const
  })
