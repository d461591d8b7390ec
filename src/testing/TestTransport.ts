/**
 * An in-memory network with faults, for tests of programs that use a connection.
 *
 * It obeys the same behaviour suite as the real transports. Every hop goes
 * through Effect's scheduler and every delay through its Clock, so a whole outage
 * is finished by one `TestClock.adjust`; it runs under the live clock as well.
 *
 * **Example**
 *
 * ```ts
 * import { Effect, Layer } from "effect"
 * import { TestClock } from "effect/testing"
 * import { Connection, Handshake, Heartbeat, Reconnect } from "holdfast"
 * import { TestTransport } from "holdfast/testing"
 *
 * const test = Effect.gen(function*() {
 *   const { layer, server } = yield* TestTransport.make
 *   const connected = Connection.layer().pipe(
 *     Layer.provide([layer, Handshake.layer({ url: "ws://test" }), Heartbeat.layerNone, Reconnect.layer()])
 *   )
 *   yield* Effect.gen(function*() {
 *     const connection = yield* Connection.Connection
 *     const peer = yield* server.peer
 *     yield* server.refuse("ECONNREFUSED")
 *     yield* peer.drop
 *     yield* TestClock.adjust("10 minutes")
 *     yield* server.accept()
 *     yield* TestClock.adjust("1 minute")
 *     yield* connection.send("still there")
 *     return yield* (yield* server.peer).receive
 *   }).pipe(Effect.provide(connected))
 * })
 * ```
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Headers from "effect/http/Headers"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import { ConnectFailed, ConnectionError, HandshakeInvalid, InvalidRequest, type Reason } from "../ConnectionError.ts"
import type { Check, HandshakeRequest, Verify } from "../Handshake.ts"
import { rejected } from "../internal/rejected.ts"
import { type Capabilities, type DialPhase, Transport } from "../Transport.ts"
import { makeSocketPair } from "./socketPair.ts"
import type { Answers, Dial, TestPeer, TestServer } from "./TestServer.ts"

export type { Answers, Dial, TestPeer, TestServer } from "./TestServer.ts"

export interface Options {
  /** What the transport can do; by default everything. To imitate a browser, all false and `closeCodes: "1000,3000-4999"`. */
  readonly capabilities?: Partial<Capabilities> | undefined
}

type Answer =
  | { readonly _tag: "Respond"; readonly respond: (request: HandshakeRequest) => Response }
  | { readonly _tag: "Refuse"; readonly code: string }
  | { readonly _tag: "Stall" }
  | { readonly _tag: "NotHttp" }

interface Response {
  readonly status: number
  readonly headers: Headers.Headers
  readonly body: string
}

/** A server, and the transport whose every dial reaches it. */
export interface TestTransport {
  readonly layer: Layer.Layer<Transport>
  readonly server: TestServer
}

/**
 * Makes a network with one server, whose transport has the capabilities that are
 * given. See `make`.
 */
export const makeWith: (options: Options) => Effect.Effect<TestTransport, never, Scope.Scope> = Effect.fnUntraced(
  function*(
    options
  ) {
    const capabilities: Capabilities = {
      ping: true,
      pause: true,
      headers: true,
      response: true,
      closeCodes: "any",
      ...options.capabilities
    }
    const scope = yield* Effect.scope
    const peers = yield* Queue.unbounded<TestPeer>()
    const dials: Array<Dial> = []
    const queued: Array<Answer> = []
    let standing = accepting()
    let openLinks = 0

    const answered = Effect.fnUntraced(function*(
      answer: Answer,
      request: HandshakeRequest,
      verify: Verify,
      progress: (phase: DialPhase) => void
    ) {
      const fail = (reason: Reason) =>
        new ConnectionError({
          // Browsers tell nothing of why a handshake failed.
          reason: capabilities.response ? reason : new ConnectFailed({ phase: "response", code: "UNKNOWN" }),
          attempt: request.attempt,
          endpoint: request.endpoint
        })
      const last = answer._tag === "Refuse" ? phaseOf(answer.code) : "response"
      for (const phase of phasesOf(request.url, last)) progress(phase)
      // As on any network, the answer comes later.
      yield* Effect.yieldNow
      switch (answer._tag) {
        case "Stall":
          return yield* Effect.never
        case "Refuse":
          return yield* fail(new ConnectFailed({ phase: last, code: answer.code }))
        case "NotHttp":
          return yield* fail(
            new HandshakeInvalid({ check: "http", expected: "an HTTP/1.1 response", actual: "something else" })
          )
        case "Respond": {
          const { body, headers, status } = answer.respond(request)
          if (status !== 101) {
            const now = yield* Clock.currentTimeMillis
            return yield* fail(rejected({ status, headers, body, now }))
          }
          const { failure } = verify({ request, expectedAccept: accept, status, headers })
          if (Option.isSome(failure)) return yield* fail(failure.value)
          return { status, headers }
        }
      }
    })

    const dial: Transport["Service"]["dial"] = (request, verify, progress = () => {}) =>
      Effect.uninterruptibleMask((restore) =>
        Effect.gen(function*() {
          const clock = yield* Clock.clockWith(Effect.succeed)
          dials.push({ at: clock.currentTimeMillisUnsafe(), request })
          const names = Object.keys(request.headers)
          if (!capabilities.headers && names.length > 0) {
            return yield* new ConnectionError({
              reason: new InvalidRequest({
                option: "headers",
                problem: `this transport cannot send headers (${names.join(", ")})`
              }),
              attempt: request.attempt,
              endpoint: request.endpoint
            })
          }
          openLinks++
          const onFree = () => void openLinks--
          const answer = queued.shift() ?? standing
          const response = yield* restore(answered(answer, request, verify, progress)).pipe(
            Effect.onError(() => Effect.sync(onFree))
          )
          const pair = yield* makeSocketPair({
            request,
            subprotocol: response.headers["sec-websocket-protocol"],
            response: capabilities.response ? response : undefined,
            capabilities,
            clock,
            onFree
          })
          yield* Effect.addFinalizer(() => pair.link.terminate)
          for (const carrier of pair.carriers) yield* Effect.forkIn(carrier, scope)
          Queue.offerUnsafe(peers, pair.peer)
          return pair.link
        })
      )

    const answers = (use: (answer: Answer) => void): Answers => ({
      accept: (options) => Effect.sync(() => use(accepting(options))),
      reject: (status, options) =>
        Effect.sync(() =>
          use(responding(() => ({
            status,
            headers: Headers.fromInput(options?.headers),
            body: options?.body ?? ""
          })))
        ),
      refuse: (code) => Effect.sync(() => use({ _tag: "Refuse", code })),
      stall: Effect.sync(() => use({ _tag: "Stall" })),
      invalid: (check) =>
        check in broken
          ? Effect.sync(() => use(broken[check as Check]))
          : Effect.die(
            new Error(`TestTransport: no such check "${check}", choose one of ${Object.keys(broken).join(", ")}`)
          )
    })

    return {
      layer: Layer.succeed(Transport)({ capabilities, extensions: [], dial }),
      server: {
        ...answers((answer) => {
          standing = answer
        }),
        next: answers((answer) => queued.push(answer)),
        peer: Queue.take(peers),
        dials: Effect.sync(() => dials.slice()),
        openLinks: Effect.sync(() => openLinks)
      }
    }
  }
)

/**
 * Makes a network with one server, which accepts every dial until told otherwise,
 * and the transport that dials it, whatever the URL.
 *
 * **Gotchas**
 *
 * The links are carried by fibers of this scope: keep it open for as long as the
 * layer is used.
 */
export const make: Effect.Effect<TestTransport, never, Scope.Scope> = Effect.suspend(() => makeWith({}))

const accept = "the right value"

const responding = (respond: (request: HandshakeRequest) => Response): Answer => ({ _tag: "Respond", respond })

const accepting = (options: Parameters<Answers["accept"]>[0] = {}, broken: Headers.Input = {}): Answer =>
  responding((request) => {
    const subprotocol = options.subprotocol ?? request.subprotocols[0] ?? ""
    return {
      status: 101,
      body: "",
      headers: Headers.fromInput({
        upgrade: "websocket",
        connection: "Upgrade",
        "sec-websocket-accept": accept,
        ...(subprotocol === "" ? {} : { "sec-websocket-protocol": subprotocol }),
        ...Headers.fromInput(options.headers),
        ...Headers.fromInput(broken)
      })
    }
  })

const broken: Record<Check, Answer> = {
  http: { _tag: "NotHttp" },
  status: responding(() => ({ status: 200, headers: Headers.empty, body: "" })),
  upgrade: accepting({}, { upgrade: "h2c" }),
  connection: accepting({}, { connection: "keep-alive" }),
  accept: accepting({}, { "sec-websocket-accept": "another value" }),
  extensions: accepting({}, { "sec-websocket-extensions": "x-never-offered" }),
  subprotocol: accepting({}, { "sec-websocket-protocol": "never-offered" })
}

/** Which part of a dial fails with this code, in Node's and OpenSSL's names. */
const phaseOf = (code: string): DialPhase => {
  if (/^(?:ENOTFOUND|ENODATA|ESERVFAIL|EAI_)/.test(code)) return "dns"
  if (
    /^(?:ERR_TLS|ERR_SSL|CERT_|UNABLE_TO_|DEPTH_ZERO|SELF_SIGNED|HOSTNAME_|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH|EPROTO)/
      .test(code)
  ) return "tls"
  return /^(?:ECONNRESET|ECONNABORTED|EPIPE)$/.test(code) ? "response" : "tcp"
}

const phasesOf = (url: string, last: DialPhase): ReadonlyArray<DialPhase> => {
  const all: ReadonlyArray<DialPhase> = ["dns", "tcp", "tls", "response"]
  return all.slice(0, all.indexOf(last) + 1).filter((phase) =>
    phase !== "tls" || phase === last || url.startsWith("wss:")
  )
}
