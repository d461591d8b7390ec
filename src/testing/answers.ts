/**
 * How a test's server answers dials: what was chosen, and what becomes of a dial
 * that meets it.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Headers from "effect/http/Headers"
import * as Option from "effect/Option"
import { ConnectFailed, HandshakeInvalid, type Reason } from "../ConnectionError.ts"
import type { Check, HandshakeRequest, Verify } from "../Handshake.ts"
import { rejected } from "../internal/rejected.ts"
import type { HandshakeResponse } from "../Link.ts"
import type { DialPhase } from "../Transport.ts"
import type { Answers } from "./TestServer.ts"

export type Answer =
  | { readonly _tag: "Respond"; readonly respond: (request: HandshakeRequest) => Response }
  | { readonly _tag: "Refuse"; readonly code: string }
  | { readonly _tag: "Stall" }
  | { readonly _tag: "NotHttp" }

interface Response extends HandshakeResponse {
  readonly body: string
}

/** The ways to answer, each of which hands its answer to `use`. */
export const makeAnswers = (use: (answer: Answer) => void): Answers => ({
  accept: (options) => Effect.sync(() => use(accepting(options))),
  reject: (status, { body = "", headers } = {}) =>
    Effect.sync(() => use(responding({ status, headers: Headers.fromInput(headers), body }))),
  refuse: (code) => Effect.sync(() => use({ _tag: "Refuse", code })),
  stall: Effect.sync(() => use({ _tag: "Stall" })),
  invalid: (check) =>
    check in broken
      ? Effect.sync(() => use(broken[check as Check]))
      : Effect.die(new Error(`no such check "${check}": choose one of ${Object.keys(broken).join(", ")}`))
})

/** What becomes of a dial that meets this answer. */
export const answered: (
  answer: Answer,
  request: HandshakeRequest,
  verify: Verify,
  progress: (phase: DialPhase) => void
) => Effect.Effect<HandshakeResponse, Reason> = Effect.fnUntraced(function*(answer, request, verify, progress) {
  const last = answer._tag === "Refuse" ? phaseOf(answer.code) : "response"
  for (const phase of phasesOf(request.url, last)) progress(phase)
  // As on any network, the answer comes later.
  yield* Effect.yieldNow
  switch (answer._tag) {
    case "Stall":
      return yield* Effect.never
    case "Refuse":
      return yield* new ConnectFailed({ phase: last, code: answer.code })
    case "NotHttp":
      return yield* new HandshakeInvalid({ check: "http", expected: "an HTTP/1.1 response", actual: "something else" })
    case "Respond": {
      const { body, headers, status } = answer.respond(request)
      if (status !== 101) {
        return yield* rejected({ status, headers, body, now: yield* Clock.currentTimeMillis })
      }
      const { failure } = verify({ request, expectedAccept: accept, status, headers })
      if (Option.isSome(failure)) return yield* failure.value
      return { status, headers }
    }
  }
})

const accept = "the right value"

const responding = (response: Response): Answer => ({ _tag: "Respond", respond: () => response })

/** A legal 101, with some headers replaced. */
export const accepting = (options: Parameters<Answers["accept"]>[0] = {}, wrong: Headers.Input = {}): Answer => ({
  _tag: "Respond",
  respond: ({ subprotocols }) => {
    const subprotocol = options.subprotocol ?? subprotocols[0] ?? ""
    return {
      status: 101,
      body: "",
      headers: Headers.fromInput({
        upgrade: "websocket",
        connection: "Upgrade",
        "sec-websocket-accept": accept,
        ...(subprotocol === "" ? {} : { "sec-websocket-protocol": subprotocol }),
        ...Headers.fromInput(options.headers),
        ...Headers.fromInput(wrong)
      })
    }
  }
})

const broken: Record<Check, Answer> = {
  http: { _tag: "NotHttp" },
  status: responding({ status: 200, headers: Headers.empty, body: "" }),
  upgrade: accepting({}, { upgrade: "h2c" }),
  connection: accepting({}, { connection: "keep-alive" }),
  accept: accepting({}, { "sec-websocket-accept": "another value" }),
  extensions: accepting({}, { "sec-websocket-extensions": "x-never-offered" }),
  subprotocol: accepting({}, { "sec-websocket-protocol": "never-offered" })
}

const lookup = /^(?:ENOTFOUND|ENODATA|ESERVFAIL|EAI_)/
const certificate = /^(?:CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|HOSTNAME_|INVALID_|PATH_LENGTH_)/
const tls = /^(?:ERR_TLS_|ERR_SSL_|EPROTO$)/
const lost = /^(?:ECONNRESET|ECONNABORTED|EPIPE)$/

/** Which part of a dial fails with this code, in Node's and OpenSSL's names. */
const phaseOf = (code: string): DialPhase => {
  if (lookup.test(code)) return "dns"
  if (certificate.test(code) || tls.test(code)) return "tls"
  return lost.test(code) ? "response" : "tcp"
}

const phases: ReadonlyArray<DialPhase> = ["dns", "tcp", "tls", "response"]

const phasesOf = (url: string, last: DialPhase): ReadonlyArray<DialPhase> =>
  phases
    .slice(0, phases.indexOf(last) + 1)
    .filter((phase) => phase !== "tls" || phase === last || url.startsWith("wss:"))
