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
import * as Layer from "effect/Layer"
import * as Queue from "effect/Queue"
import * as Scope from "effect/Scope"
import { ConnectFailed, ConnectionError, InvalidRequest, type Reason } from "../ConnectionError.ts"
import { type Capabilities, Transport } from "../Transport.ts"
import { accepting, type Answer, answered, makeAnswers } from "./answers.ts"
import { makeSocketPair } from "./socketPair.ts"
import type { Dial, TestPeer, TestServer } from "./TestServer.ts"

export type { Answers, Dial, TestPeer, TestServer } from "./TestServer.ts"

/** What `makeWith` takes. */
export interface Options {
  /** What the transport can do; by default everything. To imitate a browser, all false and `closeCodes: "1000,3000-4999"`. */
  readonly capabilities?: Partial<Capabilities> | undefined
}

/** A server, and the transport whose every dial reaches it. */
export interface TestTransport {
  /** The client's side: give it to a connection in place of a real transport. */
  readonly layer: Layer.Layer<Transport>
  /** The other side, which the test holds. */
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
    // Registered now, so that the network outlives every connection that is made later in the same scope.
    const scope = yield* Effect.flatMap(Effect.scope, (outer) => Scope.fork(outer))
    const peers = yield* Queue.unbounded<TestPeer>()
    const dials: Array<Dial> = []
    const queued: Array<Answer> = []
    let standing = accepting()
    let openLinks = 0

    const dial: Transport["Service"]["dial"] = (request, verify, progress = () => {}) =>
      Effect.uninterruptibleMask((restore) =>
        Effect.gen(function*() {
          const clock = yield* Clock.clockWith(Effect.succeed)
          dials.push({ at: clock.currentTimeMillisUnsafe(), request })
          const fail = (reason: Reason) =>
            Effect.fail(new ConnectionError({ reason, attempt: request.attempt, endpoint: request.endpoint }))
          const names = Object.keys(request.headers)
          if (!capabilities.headers && names.length > 0) {
            const problem = `this transport cannot send headers (${names.join(", ")})`
            return yield* fail(new InvalidRequest({ option: "headers", problem }))
          }
          const answer = queued.shift() ?? standing
          openLinks++
          const onFree = () => void openLinks--
          const response = yield* restore(answered(answer, request, verify, progress)).pipe(
            // Browsers tell nothing of why a handshake failed.
            Effect.catch((reason) =>
              fail(capabilities.response ? reason : new ConnectFailed({ phase: "response", code: "UNKNOWN" }))
            ),
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

    return {
      layer: Layer.succeed(Transport)({ capabilities, extensions: [], dial }),
      server: {
        ...makeAnswers((answer) => {
          standing = answer
        }),
        next: makeAnswers((answer) => queued.push(answer)),
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
