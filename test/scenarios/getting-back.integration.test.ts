// Whole connections over real sockets, after a session was lost: why, when, and what becomes of the old one.
import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { ConnectionError, Reason } from "../../src/ConnectionError.ts"
import * as Reconnect from "../../src/Reconnect.ts"
import { closeBody, encode, opcode } from "../support/frames.ts"
import {
  atOnce,
  beside,
  closedPort,
  connect,
  type Connected,
  onDemand,
  received,
  record,
  timed,
  turns,
  until
} from "../support/realConnection.ts"
import * as RealServer from "../support/realServer.ts"
import * as WsServer from "../support/wsServer.ts"

/** Draws the highest of every range, so that a delay shows its bound. */
const highest = Effect.provideService(Random.Random, { nextDoubleUnsafe: () => 1, nextIntUnsafe: () => 0 })

const delaysOf = ({ events }: Connected) =>
  events.of("WaitScheduled").map(({ delay }) => Math.round(Duration.toMillis(delay)))

/** Bounds of 20, 40, 80 and 160 ms. */
const quick = Reconnect.schedule({ first: "20 millis", base: "20 millis", cap: "160 millis" })

describe("getting back", () => {
  // 20
  it.live("accept-then-close, for ever: the dials are paced, and the bound of the drawn delays grows", () =>
    Effect.gen(function*() {
      const server = yield* WsServer.make((socket) => socket.close(1011, "overloaded"))
      const dials: Array<number> = []
      server.server.on("connection", () => dials.push(performance.now()))
      const connected = yield* highest(connect(server.url, { reconnect: { schedule: quick } }))
      yield* connected.events.log.notice.when(() => dials.length >= 7 ? true : undefined)
      assert.deepStrictEqual(delaysOf(connected).slice(0, 6), [20, 40, 80, 160, 160, 160])
      for (let i = 1; i < 7; i++) {
        assert.isAtLeast(dials[i]! - dials[i - 1]!, delaysOf(connected)[i - 1]! - 2)
      }
      assert.deepStrictEqual(connected.events.of("Opened").map(({ attempt }) => attempt).slice(0, 6), [
        1,
        2,
        3,
        4,
        5,
        6
      ])
    }))

  it.live("accept-then-close with 1008: there is exactly one attempt", () =>
    Effect.gen(function*() {
      const server = yield* WsServer.make((socket) => socket.close(1008, "banned"))
      const { connection, statuses } = yield* connect(server.url)
      const error = yield* Effect.flip(connection.await)
      assert(error.reason._tag === "PolicyViolation")
      assert.strictEqual(error.reason.closeReason, "banned")
      yield* statuses.over
      const closed = statuses.all.at(-1)
      assert(closed?._tag === "Closed")
      assert.strictEqual(closed.dials, 1)
    }))

  // 21
  it.live("flapping sessions keep raising the bound, and after a stable session it begins anew", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      const connected = yield* highest(connect(server.url, {
        reconnect: { schedule: quick, resetAfter: "300 millis" }
      }))
      for (let session = 1; session <= 3; session++) {
        const peer = yield* server.peer
        yield* connected.events.next("Opened")
        yield* peer.drop
      }
      assert.strictEqual((yield* connected.events.next("Opened")).attempt, 4)
      const stable = yield* server.peer
      yield* Effect.sleep("350 millis")
      yield* stable.drop
      assert.strictEqual((yield* connected.events.next("Opened")).attempt, 1)
      assert.deepStrictEqual(delaysOf(connected), [20, 40, 80, 20])
    }))

  // 22
  describe("every end by a Close frame is the tabled reason with the tabled recovery", () => {
    const retry = "retry"
    const stop = "stop"
    const rows: ReadonlyArray<readonly [code: number, tag: Reason["_tag"], recovery: string]> = [
      [1000, "NormalClosure", retry],
      [1001, "GoingAway", retry],
      [1002, "ProtocolViolation", "retry at most 1"],
      [1003, "UnsupportedData", stop],
      [1005, "NoStatus", retry],
      [1007, "InvalidPayload", stop],
      [1008, "PolicyViolation", stop],
      [1009, "MessageTooBig", stop],
      [1010, "MandatoryExtension", stop],
      [1011, "InternalError", retry],
      [1012, "ServiceRestart", "retry not before 5000-30000"],
      [1013, "TryAgainLater", "retry not before 30000-30000"],
      [1014, "BadGateway", retry],
      [3000, "Unauthorized", "retry immediately at most 1"],
      [3003, "Forbidden", stop],
      [3008, "PeerTimeout", retry],
      [3999, "RegisteredClose", retry],
      [4000, "ApplicationClose", retry],
      [4999, "ApplicationClose", retry]
    ]
    const last = (run: Effect.Effect<void>, server: RealServer.RealServer) =>
      Effect.gen(function*() {
        const { connection, events } = yield* connect(server.url, { reconnect: false })
        yield* connection.awaitOpen
        yield* run
        const error = yield* Effect.flip(connection.await)
        assert.strictEqual(events.of("Disconnected").length, 1)
        return error
      })
    const ourClose = (frames: ReadonlyArray<{ readonly opcode: number; readonly payload: Buffer }>) => {
      const closes = frames.filter((frame) => frame.opcode === opcode.close)
      assert.strictEqual(closes.length, 1)
      return closes[0]!.payload
    }

    it.live.each(rows.map(([code, tag, recovery]) => ({ code, tag, recovery })))(
      "$code is $tag: $recovery",
      ({ code, recovery, tag }) =>
        Effect.gen(function*() {
          const server = yield* RealServer.make()
          const said = code === 1005 ? "" : "because"
          const error = yield* last(Effect.flatMap(server.peer, (peer) => peer.close(code, said)), server)
          const { reason } = error
          assert.strictEqual(reason._tag, tag)
          assert("closeReason" in reason)
          assert.deepStrictEqual([reason.code, reason.closeReason, reason.initiator], [code, said, "peer"])
          assert.strictEqual(wordsOf(error), recovery)
        })
    )

    // What is illegal on the wire; the code that we answer with is the one in our error.
    const illegal: ReadonlyArray<readonly [name: string, body: Buffer, code: number, tag: Reason["_tag"]]> = [
      ...[0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535].map((code) =>
        [`the code ${code} in the frame`, closeBody(code), 1002, "ProtocolViolation"] as const
      ),
      ["a body of one byte", Buffer.from([3]), 1002, "ProtocolViolation"],
      ["a reason of 124 bytes", closeBody(1000, "x".repeat(124)), 1002, "ProtocolViolation"],
      ["a reason that is no UTF-8", closeBody(1000, Buffer.from([0xff, 0xfe])), 1007, "InvalidPayload"]
    ]
    it.live.each(illegal.map(([name, body, code, tag]) => ({ name, body, code, tag })))(
      "$name is $tag with $code, begun by us: retry at most 3",
      ({ body, code, tag }) =>
        Effect.gen(function*() {
          const server = yield* RealServer.make()
          let frames: Effect.Effect<Parameters<typeof ourClose>[0]> = Effect.succeed([])
          const error = yield* last(
            Effect.flatMap(server.peer, (peer) => {
              frames = Effect.andThen(peer.down, peer.frames)
              return peer.frame({ opcode: opcode.close, payload: body })
            }),
            server
          )
          const { reason } = error
          assert.strictEqual(reason._tag, tag)
          assert("closeReason" in reason)
          assert.deepStrictEqual([reason.code, reason.initiator], [code, "self"])
          assert.strictEqual(wordsOf(error), "retry at most 3")
          assert.strictEqual(ourClose(yield* frames).readUInt16BE(0), code)
        })
    )

    it.live("a reason of 123 bytes is legal", () =>
      Effect.gen(function*() {
        const server = yield* RealServer.make()
        const longest = "é".repeat(61) + "x"
        const error = yield* last(Effect.flatMap(server.peer, (peer) => peer.close(4001, longest)), server)
        assert(error.reason._tag === "ApplicationClose")
        assert.strictEqual(error.reason.closeReason, longest)
      }))
  })

  // 23
  describe("reconnect", () => {
    it.live("while waiting: one dial, one live socket", () =>
      Effect.gen(function*() {
        const server = yield* RealServer.make()
        const { connection, events, statuses } = yield* connect(server.url, { reconnect: onDemand })
        const first = yield* server.peer
        yield* connection.awaitOpen
        yield* first.drop
        yield* statuses.thatFits((status) => status._tag === "Waiting")
        assert.deepStrictEqual(yield* Effect.all([connection.reconnect(), connection.reconnect()]), [true, true])
        yield* events.next("Opened")
        yield* turns(20)
        assert.strictEqual((yield* server.dials).length, 2)
        assert.strictEqual(yield* server.openLinks, 1)
      }))

    it.live("while dialling keeps that dial: one dial, one live socket", () =>
      Effect.gen(function*() {
        const server = yield* RealServer.make()
        let answer = () => {}
        yield* server.answer(({ accept, accepted, socket }) => {
          answer = () => {
            socket.write(RealServer.switching(accept))
            accepted()
          }
        })
        const { connection, events } = yield* connect(server.url, { reconnect: onDemand })
        yield* server.connection
        assert.isTrue(yield* connection.reconnect())
        yield* turns(20)
        assert.isTrue(yield* connection.reconnect())
        answer()
        yield* events.next("Opened")
        yield* turns(20)
        assert.deepStrictEqual(events.of("Disconnected"), [])
        assert.strictEqual((yield* server.dials).length, 1)
        assert.strictEqual(yield* server.openLinks, 1)
      }))

    it.live("at the very moment at which a dial failed is not lost", () =>
      Effect.gen(function*() {
        const server = yield* RealServer.make()
        yield* server.next.reject(503)
        const { connection, events } = yield* connect(server.url, { reconnect: onDemand })
        yield* events.next("AttemptFailed")
        assert.isTrue(yield* connection.reconnect())
        yield* connection.awaitOpen
        assert.strictEqual((yield* server.dials).length, 2)
      }))

    it.live("at the very moment at which a session ended is not lost", () =>
      Effect.gen(function*() {
        const server = yield* RealServer.make()
        const { connection, events } = yield* connect(server.url, { reconnect: onDemand })
        const first = yield* server.peer
        yield* connection.awaitOpen
        yield* first.drop
        yield* events.next("Disconnected")
        assert.isTrue(yield* connection.reconnect())
        assert.strictEqual((yield* connection.awaitOpen).id, 2)
        assert.strictEqual((yield* server.dials).length, 2)
      }))

    it.live("twice at once while open: the session is closed once, one dial, one live socket, no message doubled", () =>
      Effect.gen(function*() {
        const server = yield* RealServer.make()
        const { connection, events } = yield* connect(server.url, { reconnect: onDemand })
        const messages = yield* received(connection)
        const first = yield* server.peer
        yield* connection.awaitOpen
        yield* Effect.all([
          connection.reconnect({ code: 4001, reason: "moving" }),
          connection.reconnect({ code: 4002 })
        ], { concurrency: "unbounded" })
        assert.deepStrictEqual(yield* first.closed, { code: 4001, reason: "moving" })
        const second = yield* server.peer
        yield* second.send("once")
        yield* messages.count(1)
        yield* first.down
        yield* turns(20)
        assert.deepStrictEqual(messages.all, ["once"])
        assert.strictEqual((yield* server.dials).length, 2)
        assert.strictEqual(yield* server.openLinks, 1)
        assert.strictEqual(events.of("Opened").length, 2)
        const closes = (yield* first.frames).filter((frame) => frame.opcode === opcode.close)
        assert.strictEqual(closes.length, 1)
      }))
  })

  // 24
  it.live("the late open of an abandoned attempt is aborted and delivered to nobody", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      const late: Array<() => void> = []
      yield* server.answer(({ accept, accepted, socket }) => {
        late.push(() => {
          if (!socket.writable) return
          socket.write(RealServer.switching(accept))
          accepted()
          socket.write(encode({ opcode: opcode.text, payload: "from the abandoned" }))
        })
      })
      const { connection, events } = yield* connect(server.url, { timeout: "200 millis", reconnect: onDemand })
      const messages = yield* received(connection)
      const abandoned = yield* server.connection
      yield* events.next("AttemptFailed")
      // While the next attempt is on its way.
      yield* connection.reconnect()
      yield* server.connection
      late[0]?.()
      yield* turns(10)
      late[1]?.()
      yield* messages.count(1)
      yield* turns(10)
      assert.strictEqual(messages.all.length, 1)
      assert.deepStrictEqual(events.of("Opened").map(({ attempt }) => attempt), [2])
      assert.isTrue(abandoned.destroyed || abandoned.readableEnded)
      assert.strictEqual(yield* server.openLinks, 1)
    }))

  // 25
  it.live("a reset, which raises both error and close, counts once and keeps both facts", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      const { connection, events } = yield* connect(server.url, { reconnect: onDemand })
      const peer = yield* server.peer
      yield* connection.awaitOpen
      yield* peer.reset
      const { error } = yield* events.next("Disconnected")
      assert(error.reason._tag === "AbnormalClosure")
      assert.strictEqual(error.reason.code, 1006)
      assert.include(JSON.stringify(error.reason.cause), "ECONNRESET")
      yield* turns(10)
      assert.strictEqual(events.of("Disconnected").length, 1)
      assert.strictEqual(events.of("WaitScheduled").length, 1)
    }))

  it.live("a violation of the protocol, which raises both error and close, counts once and keeps the code that we sent", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      const { connection, events } = yield* connect(server.url, { reconnect: onDemand })
      const peer = yield* server.peer
      yield* connection.awaitOpen
      yield* peer.frame({ opcode: 3, payload: "reserved" })
      const { error } = yield* events.next("Disconnected")
      assert(error.reason._tag === "ProtocolViolation")
      assert.deepStrictEqual([error.reason.code, error.reason.initiator], [1002, "self"])
      assert.strictEqual((yield* peer.closed).code, 1002)
      yield* turns(10)
      assert.strictEqual(events.of("Disconnected").length, 1)
    }))

  // 26
  it.live("a finalizer of session 1 that runs after session 2 opened does not touch it", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      const { connection, events } = yield* connect(server.url, { reconnect: atOnce })
      // Readers and handlers of session 1 that live longer than it.
      const outliving = yield* Scope.make()
      const one = yield* connection.awaitOpen
      const reader = yield* Scope.provide(connection.socket.reader, outliving)
      yield* Scope.addFinalizer(outliving, Effect.ignore(one.end({ code: 4000 })))
      yield* Scope.addFinalizer(outliving, Effect.ignore(one.send("from the grave")))
      const held = yield* beside(Effect.exit(reader.pull))
      const first = yield* server.peer
      yield* first.drop
      const second = yield* server.peer
      yield* events.log.thatFits((event) => event._tag === "Opened" && event.session === 2)
      yield* Scope.close(outliving, Exit.void)
      assert.isTrue(Exit.isFailure(yield* Fiber.join(held)))
      // Session 2 reads and writes as if nothing had been.
      const writer = yield* connection.socket.writer
      yield* writer.write("through the socket")
      yield* connection.send("through the connection")
      assert.strictEqual(yield* second.receive, "through the socket")
      assert.strictEqual(yield* second.receive, "through the connection")
      const messages = yield* received(connection)
      yield* second.send("back")
      yield* messages.count(1)
      assert.deepStrictEqual(yield* second.received, ["through the socket", "through the connection"])
      assert.strictEqual(events.of("Disconnected").length, 1)
      assert.strictEqual((yield* Effect.flip(one.send("late"))).reason._tag, "SendFailed")
    }))

  it.live("the finalizers of withSessions are awaited before the next session opens", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      const { connection, events } = yield* connect(server.url, { reconnect: atOnce })
      const order: Array<string> = []
      yield* record(connection.changes)
      yield* beside(connection.withSessions((session) =>
        Effect.gen(function*() {
          order.push(`open ${session.id}`)
          yield* Effect.addFinalizer(() =>
            Effect.andThen(Effect.sleep("100 millis"), Effect.sync(() => order.push(`released ${session.id}`)))
          )
          return yield* Effect.never
        })
      ))
      const first = yield* server.peer
      yield* events.next("Opened")
      yield* first.drop
      yield* events.next("Opened")
      yield* turns(5)
      assert.deepStrictEqual(order, ["open 1", "released 1", "open 2"])
    }))

  it.live("who asks for the session when told of Open gets it once, and nothing of the session before", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      const { connection, events } = yield* connect(server.url, { reconnect: onDemand })
      const first = yield* server.peer
      yield* first.send("left unread by session 1")
      yield* first.close(1001)
      yield* events.next("Disconnected")
      const seen: Array<number> = []
      const heard: Array<unknown> = []
      yield* beside(Stream.runForEach(connection.changes, (status) =>
        status._tag !== "Open"
          ? Effect.void
          : Effect.gen(function*() {
            const session = yield* connection.awaitOpen
            yield* beside(Stream.runForEach(session.messages, (message) => Effect.sync(() => heard.push(message))))
            yield* beside(Stream.runForEach(connection.sessions, ({ id }) => Effect.sync(() => seen.push(id))))
          })))
      yield* connection.reconnect()
      const second = yield* server.peer
      yield* second.send("of session 2")
      yield* until(() => heard.length > 0)
      yield* turns(5)
      assert.deepStrictEqual(heard, ["of session 2"])
      assert.deepStrictEqual(seen, [2])
    }))

  // 27
  it.live("the peer sends Close and keeps TCP open: the session ends when the frame arrives, the redial does not wait", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      const { connection, events } = yield* connect(server.url, { reconnect: atOnce, closeTimeout: "500 millis" })
      const first = yield* server.peer
      yield* connection.awaitOpen
      first.manners.hangUp = false
      const [, took] = yield* timed(Effect.gen(function*() {
        yield* first.close(1001, "bye")
        const { error } = yield* events.next("Disconnected")
        assert.strictEqual(error.reason._tag, "GoingAway")
        yield* server.peer
        yield* events.log.thatFits((event) => event._tag === "Opened" && event.session === 2)
      }))
      // Less than the old socket is given.
      assert.isBelow(took, 490)
      assert.isFalse(first.socket.destroyed)
      // It answered at once, with the peer's code, and once.
      const answer = yield* first.frameThat((frame) => frame.opcode === opcode.close)
      assert.strictEqual(answer.payload.readUInt16BE(0), 1001)
      // And is freed within closeTimeout although the peer never ends TCP.
      yield* oneLink(server)
      assert.strictEqual((yield* connection.awaitOpen).id, 2)
    }))

  it.live("the peer shuts down its write side without Close: AbnormalClosure, at once", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      const { connection, events } = yield* connect(server.url, { reconnect: onDemand })
      const peer = yield* server.peer
      yield* connection.awaitOpen
      yield* peer.send("last")
      const messages = yield* received(connection)
      yield* peer.halfClose
      const { error } = yield* events.next("Disconnected")
      assert(error.reason._tag === "AbnormalClosure")
      assert.deepStrictEqual(messages.all, ["last"])
      yield* peer.down
      assert.strictEqual(yield* server.openLinks, 0)
    }))

  it.live.each([
    { how: "resets in the middle of a frame", end: "reset" as const },
    { how: "ends TCP in the middle of a frame", end: "halfClose" as const }
  ])("the peer $how: AbnormalClosure, and nothing of the frame is delivered", ({ end }) =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      const { connection, events } = yield* connect(server.url, { reconnect: onDemand })
      const messages = yield* received(connection)
      const peer = yield* server.peer
      yield* connection.awaitOpen
      yield* peer.send("whole")
      yield* messages.count(1)
      yield* peer.raw(encode({ opcode: opcode.text, payload: "half a fra", length: 20 }))
      yield* turns(5)
      yield* peer[end]
      const { error } = yield* events.next("Disconnected")
      assert.strictEqual(error.reason._tag, "AbnormalClosure")
      assert.deepStrictEqual(messages.all, ["whole"])
      assert.strictEqual(yield* server.openLinks, 0)
    }))

  it.live("the peer closes while a large fragmented message is in flight: its code, and nothing of the message", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      const { connection, events } = yield* connect(server.url, { reconnect: onDemand })
      const messages = yield* received(connection)
      const peer = yield* server.peer
      yield* connection.awaitOpen
      const payload = new Uint8Array(1024 * 1024)
      yield* peer.frame({ opcode: opcode.binary, payload, fin: false })
      yield* peer.frame({ opcode: opcode.continuation, payload, fin: false })
      yield* peer.frame({ opcode: opcode.continuation, payload, fin: false })
      yield* peer.close(1001, "restarting")
      const { error } = yield* events.next("Disconnected")
      assert(error.reason._tag === "GoingAway")
      assert.strictEqual(error.reason.closeReason, "restarting")
      assert.deepStrictEqual(messages.all, [])
      yield* peer.down
    }))

  it.live("a server process that ends on the spot is an AbnormalClosure for each of its clients, and all come back", () =>
    Effect.gen(function*() {
      const port = yield* closedPort
      const first = yield* Scope.make()
      yield* Scope.provide(WsServer.echo({ port }), first)
      const all = yield* Effect.all(Array.from({ length: 20 }, () =>
        connect(`ws://127.0.0.1:${port}/`, {
          reconnect: { schedule: Reconnect.schedule({ first: "100 millis", base: "20 millis", cap: "50 millis" }) }
        })))
      for (const { connection } of all) yield* connection.awaitOpen
      yield* Scope.close(first, Exit.void)
      for (const { events } of all) {
        assert.strictEqual((yield* events.next("Disconnected")).error.reason._tag, "AbnormalClosure")
      }
      yield* WsServer.echo({ port })
      for (const { connection } of all) yield* connection.awaitOpen
    }))

  it.live("who is told that a session ended, or an attempt failed, finds a status that knows it", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      const { connection } = yield* connect(server.url, { reconnect: onDemand })
      const found: Array<string> = []
      yield* beside(
        Stream.runForEach(
          connection.events,
          ({ _tag }) =>
            Effect.map(
              connection.status,
              (status) => void (/Disconnected|AttemptFailed/.test(_tag) && found.push(`${_tag}: ${status._tag}`))
            )
        )
      )
      const peer = yield* server.peer
      yield* connection.awaitOpen
      yield* server.reject(503)
      yield* peer.drop
      yield* until(() => found.length === 1)
      yield* connection.reconnect()
      yield* until(() => found.length === 2)
      assert.deepStrictEqual(found, ["Disconnected: Waiting", "AttemptFailed: Waiting"])
    }))

  // 29
  it.live("the schedule ends: Closed with the last cause, and whatever waits fails with it", () =>
    Effect.gen(function*() {
      const port = yield* closedPort
      const { connection, events, statuses } = yield* connect(`ws://127.0.0.1:${port}/`, {
        reconnect: { schedule: Reconnect.schedule({ base: "10 millis", times: 2 }) }
      })
      const waiting = {
        open: yield* beside(Effect.flip(connection.awaitOpen)),
        messages: yield* record(connection.messages),
        send: yield* beside(Effect.flip(connection.send("never")))
      }
      const error = yield* Effect.flip(connection.await)
      assert(error.reason._tag === "ConnectFailed")
      assert.strictEqual(error.reason.code, "ECONNREFUSED")
      yield* statuses.over
      const closed = statuses.all.at(-1)
      assert(closed?._tag === "Closed")
      assert.deepStrictEqual([closed.attempts, closed.dials], [3, 3])
      assert.strictEqual(Option.getOrThrow(closed.cause), error)
      assert.deepStrictEqual(events.tags.slice(-2), ["AttemptFailed", "Closed"])
      assert.strictEqual(yield* Fiber.join(waiting.open), error)
      assert.strictEqual(yield* waiting.messages.over, "failed")
      const unsent = yield* Fiber.join(waiting.send)
      assert(unsent.reason._tag === "SendFailed")
      assert.deepStrictEqual([unsent.reason.delivery, unsent.reason.cause], ["notSent", error])
      // And afterwards.
      assert.isFalse(yield* connection.reconnect())
      assert.strictEqual(yield* Effect.flip(connection.awaitOpen), error)
      assert.strictEqual((yield* Effect.flip(connection.send("late"))).reason._tag, "SendFailed")
      assert.strictEqual(yield* (yield* record(connection.messages)).over, "failed")
    }))
})

/** Waits until the client holds one descriptor. */
const oneLink = (server: RealServer.RealServer): Effect.Effect<void> =>
  Effect.flatMap(
    server.openLinks,
    (open) => open === 1 ? Effect.void : Effect.andThen(Effect.sleep("10 millis"), oneLink(server))
  )

const wordsOf = ({ recovery }: ConnectionError): string => {
  if (recovery._tag === "Stop") return "stop"
  return "retry" + (recovery.immediately ? " immediately" : "") +
    (recovery.notBefore === undefined ? "" : ` not before ${recovery.notBefore.map(Duration.toMillis).join("-")}`) +
    (recovery.atMost === undefined ? "" : ` at most ${recovery.atMost}`)
}
