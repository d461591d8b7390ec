// What every transport does, whatever it is made of: one suite, run against each.
import { assert, describe, it } from "@effect/vitest"
import * as Array from "effect/Array"
import type { NonEmptyReadonlyArray } from "effect/Array"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Headers from "effect/http/Headers"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import { TestClock } from "effect/testing"
import { ConnectionClosed, ConnectionError, fromCloseFrame, type Reason } from "../../src/ConnectionError.ts"
import type { HandshakeRequest } from "../../src/Handshake.ts"
import { verifyWith } from "../../src/internal/verify.ts"
import type { Link, Message } from "../../src/Link.ts"
import type { TestPeer, TestServer } from "../../src/testing/TestServer.ts"
import { type Capabilities, type DialPhase, Transport } from "../../src/Transport.ts"

export interface TransportHarness {
  readonly name: string
  readonly capabilities: Capabilities
  /** Which clock the cases run under. */
  readonly it: "virtual" | "live"
  readonly make: Effect.Effect<
    { readonly layer: Layer.Layer<Transport>; readonly server: TestServer; readonly url: string },
    never,
    Scope.Scope
  >
}

interface Bench {
  readonly server: TestServer
  readonly transport: Transport["Service"]
  readonly dial: (
    request?: Partial<HandshakeRequest>,
    progress?: (phase: DialPhase) => void
  ) => Effect.Effect<Link, ConnectionError, Scope.Scope>
}

const verify = verifyWith({ requireSubprotocol: true })

const bytes = (...values: ReadonlyArray<number>): Uint8Array => new Uint8Array(values)

/** The next `count` messages. */
const take = Effect.fnUntraced(function*(link: Link, count: number) {
  const messages: Array<Message> = []
  while (messages.length < count) messages.push(...(yield* link.pull))
  return messages
})

const sendEach = (peer: TestPeer, messages: ReadonlyArray<Message>): Effect.Effect<void> =>
  Effect.forEach(messages, (message) => peer.send(message), { discard: true })

/** Everything until the end, and the end. */
const drain = Effect.fnUntraced(function*(link: Link) {
  const messages: Array<Message> = []
  while (true) {
    const result = yield* Effect.result(link.pull)
    if (result._tag === "Success") messages.push(...result.success)
    else if (result.failure instanceof ConnectionError) return { messages, error: result.failure }
    else return yield* Effect.die("a link's pull is never done")
  }
})

/** Waits until something is so, in turns of the scheduler: it must not take time. */
const until = (condition: Effect.Effect<boolean>): Effect.Effect<void> =>
  Effect.flatMap(condition, (holds) => holds ? Effect.void : Effect.andThen(Effect.yieldNow, until(condition)))

const reasonOf = <A, R>(effect: Effect.Effect<A, ConnectionError, R>): Effect.Effect<Reason, A, R> =>
  Effect.map(Effect.flip(effect), (error) => error.reason)

const legalCodes = [
  1000,
  1001,
  1002,
  1003,
  1005,
  1007,
  1008,
  1009,
  1010,
  1011,
  1012,
  1013,
  1014,
  3000,
  3003,
  3008,
  3999,
  4000,
  4999
]
const illegalCodes = [0, 999, 1004, 1006, 1015, 1016, 2999, 5000, 65_535]

/** Declares the suite. A case that needs what the transport cannot do is not declared. */
export const transportSuite = (harness: TransportHarness): void => {
  const { capabilities } = harness

  const test = (name: string, body: (bench: Bench) => Effect.Effect<void, unknown, Scope.Scope>): void => {
    const run = () =>
      Effect.gen(function*() {
        const { layer, server, url } = yield* harness.make
        const transport = Context.get(yield* Layer.build(layer), Transport)
        yield* body({
          server,
          transport,
          dial: (request, progress) =>
            transport.dial(
              {
                url,
                headers: Headers.empty,
                subprotocols: [],
                extensions: transport.extensions,
                attempt: 3,
                endpoint: url,
                ...request
              },
              verify,
              progress
            )
        })
      })
    if (harness.it === "virtual") it.effect(name, run)
    else it.live(name, run, 30_000)
  }

  /** Some time passes: to see that nothing happens in it, or that it was noticed. */
  const pass = harness.it === "virtual" ? TestClock.adjust("1 second") : Effect.sleep("30 millis")

  const open = Effect.fnUntraced(function*({ dial, server }: Bench) {
    const link = yield* dial()
    return { link, peer: yield* server.peer }
  })

  describe(harness.name, () => {
    describe("opening", () => {
      test("says what it can do", ({ transport }) =>
        Effect.sync(() => assert.deepStrictEqual(transport.capabilities, capabilities)))

      test("knows its endpoint, and that it is open", ({ dial }) =>
        Effect.gen(function*() {
          const link = yield* dial({ endpoint: "ws://somewhere/" })
          assert.strictEqual(link.endpoint, "ws://somewhere/")
          assert.isTrue(link.writable())
          assert.isFalse(link.paused())
          assert.strictEqual(link.buffered(), 0)
          assert.isUndefined(link.failure())
        }))

      test("tells which phase the dial has reached, the response last", ({ dial }) =>
        Effect.gen(function*() {
          const phases: Array<DialPhase> = []
          yield* dial({}, (phase) => phases.push(phase))
          assert.strictEqual(phases.at(-1), "response")
          assert.deepStrictEqual(phases, phases.toSorted((a, b) => order.indexOf(a) - order.indexOf(b)))
        }))

      test("loses nothing that the server sends right after the 101", ({ dial, server }) =>
        Effect.gen(function*() {
          const sent = yield* server.peer.pipe(
            Effect.tap((peer) => sendEach(peer, ["first", "second", "third"])),
            Effect.forkChild({ startImmediately: true })
          )
          const link = yield* dial()
          yield* Fiber.join(sent)
          yield* pass
          assert.deepStrictEqual(yield* take(link, 3), ["first", "second", "third"])
        }))

      test("names the subprotocol that the server chose", ({ dial, server }) =>
        Effect.gen(function*() {
          yield* server.next.accept({ subprotocol: "v2" })
          const link = yield* dial({ subprotocols: ["v1", "v2"] })
          assert.deepStrictEqual(link.subprotocol, Option.some("v2"))
          assert.deepStrictEqual((yield* server.dials).at(-1)?.request.subprotocols, ["v1", "v2"])
        }))

      test("has no subprotocol where none was offered", (bench) =>
        Effect.map(open(bench), ({ link }) => assert.deepStrictEqual(link.subprotocol, Option.none())))

      test("fails where subprotocols were offered and the server names none", ({ dial, server }) =>
        Effect.gen(function*() {
          yield* server.next.accept({ subprotocol: "" })
          const reason = yield* reasonOf(dial({ subprotocols: ["v1"] }))
          // A platform may have refused it before we could.
          if (capabilities.response || reason._tag !== "ConnectFailed") {
            assert.include(reason, { _tag: "HandshakeInvalid", check: "subprotocol" })
          }
          yield* until(Effect.map(server.openLinks, (links) => links === 0))
        }))

      test("keeps connections apart", ({ dial, server }) =>
        Effect.gen(function*() {
          const one = { link: yield* dial(), peer: yield* server.peer }
          const two = { link: yield* dial(), peer: yield* server.peer }
          yield* one.peer.send("to one")
          yield* two.peer.send("to two")
          assert.deepStrictEqual(yield* take(two.link, 1), ["to two"])
          yield* one.link.terminate
          yield* two.link.write(["from two"])
          assert.strictEqual(yield* two.peer.receive, "from two")
          assert.deepStrictEqual(yield* one.peer.received, [])
        }))

      if (capabilities.response) {
        test("shows the server's answer", ({ dial, server }) =>
          Effect.gen(function*() {
            yield* server.next.accept({ headers: { "x-server": "seven" } })
            const response = Option.getOrThrow((yield* dial()).response)
            assert.strictEqual(response.status, 101)
            assert.strictEqual(response.headers["x-server"], "seven")
            assert.strictEqual(response.headers["upgrade"], "websocket")
          }))
      } else {
        test("has no answer to show", ({ dial }) =>
          Effect.map(dial(), (link) => assert.deepStrictEqual(link.response, Option.none())))
      }

      if (capabilities.headers) {
        test("sends the request's headers", ({ dial, server }) =>
          Effect.gen(function*() {
            yield* dial({ headers: Headers.fromInput({ authorization: "Bearer x", "x-more": "1" }) })
            const { headers } = (yield* server.dials)[0]!.request
            assert.strictEqual(headers["authorization"], "Bearer x")
            assert.strictEqual(headers["x-more"], "1")
          }))
      } else {
        test("refuses headers, which it cannot send, and names them without their values", ({ dial, server }) =>
          Effect.gen(function*() {
            const error = yield* Effect.flip(dial({ headers: Headers.fromInput({ "x-token": "secret" }) }))
            assert.include(error.reason, { _tag: "InvalidRequest", option: "headers" })
            assert.include(error.message, "x-token")
            assert.notInclude(error.message, "secret")
            assert.strictEqual(yield* server.openLinks, 0)
          }))
      }
    })

    describe("a dial that fails", () => {
      if (capabilities.response) {
        test("by a status shows it with headers, body and the wait asked for", ({ dial, server }) =>
          Effect.gen(function*() {
            yield* server.reject(503, {
              headers: { "retry-after": "7", "x-why": "full", "set-cookie": "id=secret" },
              body: "come back later"
            })
            const error = yield* Effect.flip(dial())
            assert.strictEqual(error.attempt, 3)
            const reason = error.reason
            assert(reason._tag === "HandshakeRejected")
            assert.strictEqual(reason.status, 503)
            assert.strictEqual(reason.body, "come back later")
            assert.strictEqual(reason.headers["x-why"], "full")
            assert.notInclude(reason.headers["set-cookie"], "secret")
            assert.deepStrictEqual(reason.retryAfter, Option.some(Duration.seconds(7)))
            yield* until(Effect.map(server.openLinks, (links) => links === 0))
          }))

        for (const status of [200, 302, 401, 404, 426, 500]) {
          test(`by the status ${status} shows it`, ({ dial, server }) =>
            Effect.gen(function*() {
              yield* server.reject(status)
              assert.include(yield* reasonOf(dial()), { _tag: "HandshakeRejected", status })
            }))
        }

        test("keeps the first KiB of a long body", ({ dial, server }) =>
          Effect.gen(function*() {
            yield* server.reject(500, { body: "x".repeat(5000) })
            const reason = yield* reasonOf(dial())
            assert(reason._tag === "HandshakeRejected")
            assert.strictEqual(reason.body, "x".repeat(1024))
          }))

        for (const [code, phase] of [["ECONNREFUSED", "tcp"], ["ENOTFOUND", "dns"]] as const) {
          test(`by ${code} says so`, ({ dial, server }) =>
            Effect.gen(function*() {
              yield* server.next.refuse(code)
              assert.include(yield* reasonOf(dial()), { _tag: "ConnectFailed", code, phase })
              assert.strictEqual((yield* server.dials).length, 1)
              yield* until(Effect.map(server.openLinks, (links) => links === 0))
            }))
        }

        for (const check of ["http", "upgrade", "connection", "accept", "extensions", "subprotocol"] as const) {
          test(`by an answer that is wrong in "${check}" names the check`, ({ dial, server }) =>
            Effect.gen(function*() {
              yield* server.next.invalid(check)
              assert.include(yield* reasonOf(dial({ subprotocols: ["v1"] })), { _tag: "HandshakeInvalid", check })
              yield* until(Effect.map(server.openLinks, (links) => links === 0))
            }))
        }

        test("by another status where a 101 was due is a refusal", ({ dial, server }) =>
          Effect.gen(function*() {
            yield* server.next.invalid("status")
            assert.include(yield* reasonOf(dial()), { _tag: "HandshakeRejected", status: 200 })
          }))
      } else {
        test("by a status, a refused connection or an invalid answer is one that the platform does not explain", (bench) =>
          Effect.gen(function*() {
            const { dial, server } = bench
            yield* server.next.reject(503)
            yield* server.next.refuse("ECONNREFUSED")
            yield* server.next.invalid("accept")
            yield* server.next.invalid("upgrade")
            for (let i = 0; i < 4; i++) {
              assert.include(yield* reasonOf(dial()), { _tag: "ConnectFailed", phase: "response", code: "UNKNOWN" })
            }
            yield* until(Effect.map(server.openLinks, (links) => links === 0))
          }))
      }

      test("leaves the next one alone", ({ dial, server }) =>
        Effect.gen(function*() {
          yield* server.next.reject(500)
          yield* Effect.flip(dial())
          const link = yield* dial()
          yield* (yield* server.peer).send("welcome")
          assert.deepStrictEqual(yield* take(link, 1), ["welcome"])
          assert.strictEqual((yield* server.dials).length, 2)
        }))

      test("by interruption while it waits for an answer leaves no descriptor", ({ dial, server }) =>
        Effect.gen(function*() {
          yield* server.stall
          const fiber = yield* Effect.forkChild(dial())
          yield* until(Effect.map(server.dials, (dials) => dials.length === 1))
          assert.strictEqual(yield* server.openLinks, 1)
          // The scope of the dial, which is the test's, is still open.
          yield* Fiber.interrupt(fiber)
          yield* until(Effect.map(server.openLinks, (links) => links === 0))
        }))

      test("by interruption at once leaves no descriptor", ({ dial, server }) =>
        Effect.gen(function*() {
          const fiber = yield* Effect.forkChild(dial(), { startImmediately: true })
          yield* Fiber.interrupt(fiber)
          yield* until(Effect.map(server.openLinks, (links) => links === 0))
        }))
    })

    describe("messages", () => {
      test("arrive in order and as what they were, text or binary", (bench) =>
        Effect.gen(function*() {
          const { link, peer } = yield* open(bench)
          const messages = ["text", bytes(1, 2, 3), "Grüße, 世界 👋", bytes(255, 0)]
          yield* sendEach(peer, messages)
          const received = yield* take(link, 4)
          assert.deepStrictEqual(received, messages)
          assert.strictEqual(Object.getPrototypeOf(received[1]), Uint8Array.prototype)
        }))

      test("are sent in order and as what they are, text or binary", (bench) =>
        Effect.gen(function*() {
          const { link, peer } = yield* open(bench)
          const messages = ["text", bytes(1, 2, 3), "Grüße, 世界 👋", bytes(255, 0)] as const
          yield* link.write(messages)
          assert.isTrue(link.offer("offered"))
          for (const message of [...messages, "offered"]) assert.deepStrictEqual(yield* peer.receive, message)
          assert.strictEqual((yield* peer.received).length, 5)
        }))

      test("may be empty", (bench) =>
        Effect.gen(function*() {
          const { link, peer } = yield* open(bench)
          yield* link.write(["", bytes(), "end"])
          assert.deepStrictEqual([yield* peer.receive, yield* peer.receive, yield* peer.receive], ["", bytes(), "end"])
          yield* sendEach(peer, ["", bytes(), "end"])
          assert.deepStrictEqual(yield* take(link, 3), ["", bytes(), "end"])
        }))

      test("may be longer than 64 KiB", (bench) =>
        Effect.gen(function*() {
          const { link, peer } = yield* open(bench)
          const text = "ä".repeat(100_000)
          const binary = new Uint8Array(300_000).map((_, index) => index % 251)
          yield* link.write([text, binary])
          assert.isTrue((yield* peer.receive) === text)
          assert.isTrue(same(yield* peer.receive, binary))
          yield* peer.send(text)
          yield* peer.send(binary)
          const [first, second] = yield* take(link, 2)
          assert.isTrue(first === text)
          assert.isTrue(same(second, binary))
        }))

      test("come in a burst without loss", (bench) =>
        Effect.gen(function*() {
          const { link, peer } = yield* open(bench)
          const messages = Array.makeBy(2000, (index) => `message ${index}`)
          yield* link.write(messages as unknown as NonEmptyReadonlyArray<Message>)
          yield* sendEach(peer, messages)
          assert.deepStrictEqual(yield* take(link, 2000), messages)
          yield* until(Effect.map(peer.received, (received) => received.length === 2000))
          assert.deepStrictEqual(yield* peer.received, messages)
        }))

      test("below 4 KiB own their bytes", (bench) =>
        Effect.gen(function*() {
          const { link, peer } = yield* open(bench)
          yield* sendEach(peer, [bytes(1), bytes(2, 3), new Uint8Array(4095)])
          for (const message of yield* take(link, 3)) {
            assert(message instanceof Uint8Array)
            assert.strictEqual(message.buffer.byteLength, message.byteLength)
          }
        }))

      test("go to a receiver, which first gets those that came before it", (bench) =>
        Effect.gen(function*() {
          const { link, peer } = yield* open(bench)
          const calls: Array<unknown> = []
          const seen: Array<Message> = []
          yield* link.onMessage((message) => seen.push(message))
          yield* peer.send("early")
          yield* peer.send("ä")
          yield* until(Effect.sync(() => seen.length === 2))
          link.receive({
            onMessage: (message, size) => calls.push([message, size]),
            onEnd: (error) => calls.push(error.reason._tag)
          })
          yield* peer.send(bytes(1, 2, 3))
          yield* peer.close(1001)
          yield* Effect.ignore(link.ended)
          yield* pass
          assert.deepStrictEqual(calls, [["early", 5], ["ä", 2], [bytes(1, 2, 3), 3], "GoingAway"])
        }))

      test("are shown to a handler only while its scope is open", (bench) =>
        Effect.gen(function*() {
          const { link, peer } = yield* open(bench)
          const seen: Array<Message> = []
          yield* Effect.scoped(Effect.gen(function*() {
            yield* link.onMessage((message) => seen.push(message))
            yield* peer.send("one")
            assert.deepStrictEqual(yield* take(link, 1), ["one"])
          }))
          yield* peer.send("two")
          assert.deepStrictEqual(yield* take(link, 1), ["two"])
          assert.deepStrictEqual(seen, ["one"])
        }))

      test("advance the time of the last life sign", (bench) =>
        Effect.gen(function*() {
          const { link, peer } = yield* open(bench)
          const opened = link.lastInbound()
          assert.strictEqual(link.lastData(), opened)
          yield* pass
          assert.strictEqual(link.lastInbound(), opened)
          yield* peer.send("life")
          yield* take(link, 1)
          yield* until(Effect.sync(() => link.lastInbound() > opened))
          assert.strictEqual(link.lastData(), link.lastInbound())
        }))
    })

    describe("the end", () => {
      test("has the reason of the peer's Close frame, after the last message, for every legal code", (bench) =>
        Effect.gen(function*() {
          for (const code of legalCodes) {
            const { link, peer } = yield* open(bench)
            yield* peer.send("last words")
            yield* peer.close(code, code === 1005 ? "" : `because ${code}`)
            const { error, messages } = yield* drain(link)
            assert.deepStrictEqual(messages, ["last words"])
            const expected = fromCloseFrame({
              code,
              closeReason: code === 1005 ? "" : `because ${code}`,
              initiator: "peer"
            })
            assert.deepStrictEqual(
              error,
              new ConnectionError({ reason: expected, attempt: 3, endpoint: link.endpoint })
            )
            if (capabilities.closeCodes === "any") assert.strictEqual((yield* peer.closed).code, code)
            yield* link.released
          }
          yield* until(Effect.map(bench.server.openLinks, (links) => links === 0))
        }))

      if (capabilities.closeCodes === "any") {
        test("is a violation that we answer with 1002 where the peer's close code is illegal", (bench) =>
          Effect.gen(function*() {
            for (const code of illegalCodes) {
              const { link, peer } = yield* open(bench)
              yield* peer.close(code)
              const reason = yield* reasonOf(link.ended)
              assert.include(reason, { _tag: "ProtocolViolation", code: 1002, initiator: "self" })
              assert.strictEqual((yield* peer.closed).code, 1002)
            }
          }))
      }

      test("is AbnormalClosure where the connection is cut, after the last message", (bench) =>
        Effect.gen(function*() {
          const { link, peer } = yield* open(bench)
          yield* peer.send("last words")
          yield* peer.drop
          const { error, messages } = yield* drain(link)
          assert.deepStrictEqual(messages, ["last words"])
          assert.include(error.reason, { _tag: "AbnormalClosure", code: 1006 })
          yield* link.released
          assert.deepStrictEqual(yield* peer.closed, { code: 1006, reason: "" })
        }))

      test("is the same error for everybody, also later", (bench) =>
        Effect.gen(function*() {
          const { link, peer } = yield* open(bench)
          yield* peer.close(4321, "enough")
          const error = yield* Effect.flip(link.ended)
          assert.strictEqual(yield* Effect.flip(link.ended), error)
          assert.strictEqual(yield* Effect.flip(link.pull), error)
          assert.strictEqual(yield* Effect.flip(link.drained(0)), error)
          assert.strictEqual(link.failure(), error)
          const told: Array<ConnectionError> = []
          link.receive({ onMessage: () => {}, onEnd: (error) => told.push(error) })
          assert.deepStrictEqual(told, [error])
        }))

      test("wakes who waits for it, or for messages", (bench) =>
        Effect.gen(function*() {
          const { link, peer } = yield* open(bench)
          const waiting = yield* Effect.forkChild(Effect.flip(link.ended))
          const pulling = yield* Effect.forkChild(Effect.flip(link.pull))
          yield* Effect.yieldNow
          yield* peer.close(1000)
          assert.strictEqual(yield* Fiber.join(waiting), yield* Fiber.join(pulling))
        }))

      test("makes every send fail as not sent", (bench) =>
        Effect.gen(function*() {
          const { link, peer } = yield* open(bench)
          yield* peer.close(1001)
          yield* Effect.ignore(link.ended)
          assert.isFalse(link.writable())
          assert.isFalse(link.offer("late"))
          const reason = yield* reasonOf(link.write(["late"]))
          assert.include(reason, { _tag: "SendFailed", delivery: "notSent" })
          assert(reason._tag === "SendFailed")
          assert.strictEqual(reason.cause.reason._tag, "GoingAway")
          yield* peer.closed
          assert.deepStrictEqual(yield* peer.received, [])
        }))
    })

    describe("our close", () => {
      test("sends the code and the reason, and is the reason of the end", (bench) =>
        Effect.gen(function*() {
          const { link, peer } = yield* open(bench)
          yield* link.write(["last words"])
          yield* link.close(4001, "good bye")
          assert.deepStrictEqual(yield* peer.closed, { code: 4001, reason: "good bye" })
          assert.deepStrictEqual(yield* peer.received, ["last words"])
          assert.deepStrictEqual(
            yield* reasonOf(link.ended),
            fromCloseFrame({ code: 4001, closeReason: "good bye", initiator: "self" })
          )
          yield* link.released
          yield* until(Effect.map(bench.server.openLinks, (links) => links === 0))
        }))

      test("is sent once", (bench) =>
        Effect.gen(function*() {
          const { link, peer } = yield* open(bench)
          yield* link.close(4001, "first")
          yield* link.close(4002, "second")
          assert.deepStrictEqual(yield* peer.closed, { code: 4001, reason: "first" })
          assert.include(yield* reasonOf(link.ended), { code: 4001, initiator: "self" })
          yield* link.released
          yield* link.close(4003, "third")
        }))

      test("takes no message any more", (bench) =>
        Effect.gen(function*() {
          const { link, peer } = yield* open(bench)
          yield* link.close(1000, "")
          assert.isFalse(link.writable())
          assert.isFalse(link.offer("late"))
          assert.include(yield* reasonOf(link.write(["late"])), { _tag: "SendFailed", delivery: "notSent" })
          yield* peer.closed
          assert.deepStrictEqual(yield* peer.received, [])
        }))

      test("delivers nothing that arrives after it", (bench) =>
        Effect.gen(function*() {
          const { link, peer } = yield* open(bench)
          yield* peer.pauseReading
          yield* link.close(4001, "")
          yield* peer.send("late")
          yield* peer.resumeReading
          const { error, messages } = yield* drain(link)
          assert.deepStrictEqual(messages, [])
          assert.include(error.reason, { code: 4001, initiator: "self" })
        }))

      test("sends 1000 in place of a code that may not be sent", (bench) =>
        Effect.gen(function*() {
          for (const code of capabilities.closeCodes === "any" ? [1006, 1005, 999, 1012, 5000] : [1006, 1001, 1011]) {
            const { link, peer } = yield* open(bench)
            yield* link.close(code, "why")
            assert.deepStrictEqual(yield* peer.closed, { code: 1000, reason: "why" })
            assert.include(yield* reasonOf(link.ended), { _tag: "NormalClosure", code: 1000, initiator: "self" })
          }
        }))

      test("cuts the reason to 123 bytes, on a code point", (bench) =>
        Effect.gen(function*() {
          const { link, peer } = yield* open(bench)
          yield* link.close(1000, "👋".repeat(40))
          assert.deepStrictEqual(yield* peer.closed, { code: 1000, reason: "👋".repeat(30) })
        }))

      test("that meets the peer's own keeps its code", (bench) =>
        Effect.gen(function*() {
          const { link, peer } = yield* open(bench)
          yield* peer.pauseReading
          yield* link.close(4001, "ours")
          yield* peer.close(4002, "theirs")
          yield* peer.resumeReading
          assert.include(yield* reasonOf(link.ended), { code: 4001, initiator: "self" })
          assert.deepStrictEqual(yield* peer.closed, { code: 4001, reason: "ours" })
        }))
    })

    describe("letting go", () => {
      test("by terminate ends the link at once and frees the descriptor", (bench) =>
        Effect.gen(function*() {
          const { link, peer } = yield* open(bench)
          yield* link.terminate
          assert.strictEqual((yield* Effect.flip(link.ended)).reason._tag, "AbnormalClosure")
          assert.isFalse(link.offer("late"))
          yield* link.terminate
          yield* link.released
          yield* until(Effect.map(bench.server.openLinks, (links) => links === 0))
          // A browser has nothing but a Close frame to let go with.
          const closed = yield* peer.closed
          if (capabilities.closeCodes === "any") assert.deepStrictEqual(closed, { code: 1006, reason: "" })
        }))

      test("by abort ends it with the error given", (bench) =>
        Effect.gen(function*() {
          const { link, peer } = yield* open(bench)
          const error = new ConnectionError({ reason: new ConnectionClosed({}) })
          yield* link.abort(error)
          assert.strictEqual(yield* Effect.flip(link.pull), error)
          yield* link.released
          yield* peer.closed
        }))

      test("by closing the scope frees the descriptor, and nothing is delivered any more", ({ dial, server }) =>
        Effect.gen(function*() {
          const calls: Array<unknown> = []
          const link = yield* Effect.scoped(Effect.tap(dial(), (link) =>
            Effect.sync(() =>
              link.receive({
                onMessage: (message) => calls.push(message),
                onEnd: (error) => calls.push(error.reason._tag)
              })
            )))
          const peer = yield* server.peer
          yield* peer.send("too late")
          yield* link.released
          yield* peer.closed
          yield* until(Effect.map(server.openLinks, (links) => links === 0))
          assert.deepStrictEqual(calls, ["AbnormalClosure"])
        }))

      test("after the peer's Close still answers it", ({ dial, server }) =>
        Effect.gen(function*() {
          const peer = yield* Effect.scoped(Effect.gen(function*() {
            const link = yield* dial()
            const peer = yield* server.peer
            yield* peer.close(4000, "off you go")
            yield* Effect.ignore(link.ended)
            return peer
          }))
          const closed = yield* peer.closed
          if (capabilities.closeCodes === "any") assert.strictEqual(closed.code, 4000)
          yield* until(Effect.map(server.openLinks, (links) => links === 0))
        }))

      if (capabilities.closeCodes === "any") {
        test("of a peer that has fallen silent does not wait for it", (bench) =>
          Effect.gen(function*() {
            const { link, peer } = yield* open(bench)
            yield* peer.blackhole({ inbound: true, outbound: true })
            yield* link.write(["into the void"])
            yield* link.close(1000, "")
            yield* link.terminate
            yield* link.released
            yield* until(Effect.map(bench.server.openLinks, (links) => links === 0))
            assert.deepStrictEqual(yield* peer.received, [])
          }))
      }
    })

    describe("a peer that does not read", () => {
      test("makes what is sent pile up, and drained waits until it reads again", (bench) =>
        Effect.gen(function*() {
          const { link, peer } = yield* open(bench)
          yield* peer.pauseReading
          const chunk = new Uint8Array(256 * 1024)
          let sent = 0
          // The kernel takes some MiB before anything stays here.
          while (link.buffered() <= 1024 * 1024 && sent < 256) {
            assert.isTrue(link.offer(chunk))
            sent++
            yield* Effect.yieldNow
          }
          assert.isAbove(link.buffered(), 1024 * 1024)
          const drained = yield* Effect.forkChild(link.drained(64 * 1024), { startImmediately: true })
          const flushed = yield* Effect.forkChild(link.flush, { startImmediately: true })
          yield* pass
          assert.isUndefined(drained.pollUnsafe())
          assert.isUndefined(flushed.pollUnsafe())
          yield* peer.resumeReading
          yield* Fiber.join(drained)
          yield* Fiber.join(flushed)
          assert.strictEqual(link.buffered(), 0)
          yield* until(Effect.map(peer.received, (received) => received.length === sent))
        }))

      test("keeps nobody waiting beyond the end", (bench) =>
        Effect.gen(function*() {
          const { link, peer } = yield* open(bench)
          yield* peer.pauseReading
          for (let i = 0; i < 256 && link.buffered() <= 1024 * 1024; i++) {
            link.offer(new Uint8Array(256 * 1024))
            yield* Effect.yieldNow
          }
          const drained = yield* Effect.forkChild(Effect.flip(link.drained(0)), { startImmediately: true })
          yield* link.terminate
          assert.strictEqual((yield* Fiber.join(drained)).reason._tag, "AbnormalClosure")
          // A platform that can only close first has to get rid of what piled up.
          yield* peer.resumeReading
        }))
    })

    if (capabilities.ping) {
      describe("pings", () => {
        test("are answered with their payload", (bench) =>
          Effect.gen(function*() {
            const { link } = yield* open(bench)
            const pongs: Array<string> = []
            yield* link.onPong((payload) => pongs.push(new TextDecoder().decode(payload)))
            const before = { inbound: link.lastInbound(), data: link.lastData() }
            yield* pass
            yield* link.ping(new TextEncoder().encode("one"))
            yield* link.ping(bytes())
            yield* until(Effect.sync(() => pongs.length === 2))
            assert.deepStrictEqual(pongs, ["one", ""])
            yield* until(Effect.sync(() => link.lastInbound() > before.inbound))
            assert.strictEqual(link.lastData(), before.data)
          }))

        test("of the peer are answered, and are a sign of its life", (bench) =>
          Effect.gen(function*() {
            const { link, peer } = yield* open(bench)
            const before = link.lastData()
            yield* pass
            yield* peer.ping
            yield* peer.ping
            yield* until(Effect.map(peer.pongs, (pongs) => pongs.length === 2))
            assert.isAbove(Number(link.lastData()), Number(before))
            assert.strictEqual(link.lastInbound(), link.lastData())
            const [first, second] = yield* peer.pongs
            assert.notDeepEqual(first, second)
          }))

        test("are not answered by a peer behind a black hole", (bench) =>
          Effect.gen(function*() {
            for (const hole of [{ inbound: true }, { outbound: true }]) {
              const { link, peer } = yield* open(bench)
              let pongs = 0
              yield* link.onPong(() => pongs++)
              yield* peer.blackhole(hole)
              yield* link.ping(bytes(1))
              yield* pass
              assert.strictEqual(pongs, 0)
              assert.isTrue(link.writable())
            }
          }))

        test("fail once the link has ended", (bench) =>
          Effect.gen(function*() {
            const { link, peer } = yield* open(bench)
            yield* peer.close(1000)
            yield* Effect.ignore(link.ended)
            assert.include(yield* reasonOf(link.ping(bytes())), { _tag: "SendFailed", delivery: "notSent" })
          }))
      })
    } else {
      test("cannot send pings, and says what to use", (bench) =>
        Effect.gen(function*() {
          const { link } = yield* open(bench)
          const error = yield* Effect.flip(link.ping(bytes()))
          assert.strictEqual(error.reason._tag, "InvalidRequest")
          assert.include(error.message, "layerMessage")
        }))
    }

    if (capabilities.pause) {
      describe("a pause", () => {
        test("holds everything back, and resume delivers it in order, the end last", (bench) =>
          Effect.gen(function*() {
            const { link, peer } = yield* open(bench)
            const calls: Array<unknown> = []
            link.receive({
              onMessage: (message) => calls.push(message),
              onEnd: (error) => calls.push(error.reason._tag)
            })
            link.pause()
            link.pause()
            assert.isTrue(link.paused())
            yield* peer.send("one")
            yield* peer.ping
            yield* peer.send("two")
            yield* peer.close(1001)
            yield* pass
            assert.deepStrictEqual(calls, [])
            assert.deepStrictEqual(yield* peer.pongs, [])
            // Sending goes on.
            assert.isTrue(link.offer("from a paused link"))
            assert.strictEqual(yield* peer.receive, "from a paused link")
            link.resume()
            assert.isFalse(link.paused())
            yield* Effect.ignore(link.ended)
            yield* pass
            assert.deepStrictEqual(calls, ["one", "two", "GoingAway"])
            assert.strictEqual((yield* peer.pongs).length, 1)
            assert.strictEqual((yield* peer.closed).code, 1001)
          }))

        test("does not hide the answer to our own Close", (bench) =>
          Effect.gen(function*() {
            const { link, peer } = yield* open(bench)
            link.pause()
            yield* link.close(1000, "")
            yield* peer.closed
            assert.include(yield* reasonOf(link.ended), { _tag: "NormalClosure", initiator: "self" })
          }))

        test("does not keep a terminated link", (bench) =>
          Effect.gen(function*() {
            const { link, peer } = yield* open(bench)
            link.pause()
            yield* peer.send("unread")
            yield* link.terminate
            yield* link.released
            link.resume()
            yield* until(Effect.map(bench.server.openLinks, (links) => links === 0))
          }))
      })
    } else {
      test("cannot be paused, and does not claim to be", (bench) =>
        Effect.gen(function*() {
          const { link, peer } = yield* open(bench)
          link.pause()
          assert.isFalse(link.paused())
          yield* peer.send("still")
          assert.deepStrictEqual(yield* take(link, 1), ["still"])
        }))
    }
  })
}

const order: ReadonlyArray<DialPhase> = ["dns", "tcp", "tls", "response"]

/** An assertion would take its time to describe a difference in 300 000 bytes. */
const same = (a: Message | undefined, b: Uint8Array): boolean =>
  a instanceof Uint8Array && a.length === b.length && a.every((value, index) => value === b[index])
