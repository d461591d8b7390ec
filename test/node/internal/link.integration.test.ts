// What an open link makes of the frames it gets, legal or not, and of a connection that breaks.
import { assert, describe, it } from "@effect/vitest"
import * as Array from "effect/Array"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import diagnostics from "node:diagnostics_channel"
import type { Socket } from "node:net"
import { deflateRawSync, inflateRawSync } from "node:zlib"
import { type AbnormalClosure, ConnectionError, fromCloseFrame, type Reason } from "../../../src/ConnectionError.ts"
import type { Link, Message } from "../../../src/Link.ts"
import { connect, type DialOptions, endOf } from "../../support/dialling.ts"
import { close, closeBody, encode, opcode, text } from "../../support/frames.ts"
import type { RealPeer } from "../../support/realPeer.ts"
import * as RealServer from "../../support/realServer.ts"

interface Ends {
  readonly server: RealServer.RealServer
  readonly link: Link
  readonly peer: RealPeer
}

const connected = (
  name: string,
  body: (ends: Ends) => Effect.Effect<void, unknown, Scope.Scope>,
  options?: DialOptions
) =>
  it.live(name, () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      yield* body({ server, ...(yield* connect(server, options)) })
    }))

/** Everything until the end, and the end. */
const drain = Effect.fnUntraced(function*(link: Link) {
  const messages: Array<Message> = []
  const error = yield* Effect.flip(Effect.forever(Effect.map(link.pull, (batch) => messages.push(...batch))))
  assert(error instanceof ConnectionError)
  return { messages, reason: error.reason }
})

/** How often the link tells its end, and with what. */
const ends = (link: Link): ReadonlyArray<Reason> => {
  const told: Array<Reason> = []
  link.receive({ onMessage: () => {}, onEnd: (error) => told.push(error.reason) })
  return told
}

const compressed = (payload: string | Uint8Array): Buffer => deflateRawSync(payload, { finishFlush: 2 }).subarray(0, -4)

describe("the peer's Close", () => {
  for (
    const code of Array.makeBy(16, (index) => 1000 + index).concat([
      3000,
      3003,
      3008,
      3999,
      4000,
      4999,
      0,
      999,
      2999,
      5000
    ])
  ) {
    const illegal = code < 1000 || (code > 1014 && code < 3000) || code > 4999 || [1004, 1006].includes(code)
    connected(
      `with ${code} ends the link with the tabled reason${illegal ? ", answered with 1002" : ""}`,
      ({ link, peer }) =>
        Effect.gen(function*() {
          yield* peer.send("before")
          // 1005 is put on the wire here, as NATS does with 1006.
          yield* peer.raw(
            code === 1005 ? encode({ opcode: opcode.close, payload: closeBody(1005) }) : close(code, "why")
          )
          const { messages, reason } = yield* drain(link)
          assert.deepStrictEqual(messages, ["before"])
          if (illegal || code === 1005) {
            assert.deepInclude(reason, { _tag: "ProtocolViolation", code: 1002, initiator: "self" })
            assert.include(reason.message, `illegal close code ${code}`)
            assert.strictEqual((yield* peer.closed).code, 1002)
          } else {
            assert.deepStrictEqual(reason, fromCloseFrame({ code, closeReason: "why", initiator: "peer" }))
            assert.deepStrictEqual(yield* peer.closed, { code, reason: "why" })
          }
        })
    )
  }

  connected("without a body is 1005, and answered without one", ({ link, peer }) =>
    Effect.gen(function*() {
      yield* peer.close(1005)
      assert.deepStrictEqual(yield* endOf(link), fromCloseFrame({ code: 1005 }))
      const answer = yield* peer.frameThat((frame) => frame.opcode === opcode.close)
      assert.strictEqual(answer.payload.length, 0)
    }))

  connected("with a body of one byte is answered with 1002", ({ link, peer }) =>
    Effect.gen(function*() {
      yield* peer.frame({ opcode: opcode.close, payload: "x" })
      assert.deepInclude(yield* endOf(link), { _tag: "ProtocolViolation", code: 1002, initiator: "self" })
      assert.strictEqual((yield* peer.closed).code, 1002)
    }))

  connected(
    "with a reason of 123 bytes is told whole, with one of 124 answered with 1002",
    ({ link, peer, server }) =>
      Effect.gen(function*() {
        yield* peer.close(4000, "x".repeat(123))
        assert.deepInclude(yield* endOf(link), { code: 4000, closeReason: "x".repeat(123) })
        const next = yield* connect(server)
        yield* next.peer.close(4000, "x".repeat(124))
        assert.deepInclude(yield* endOf(next.link), { _tag: "ProtocolViolation", code: 1002, initiator: "self" })
        assert.strictEqual((yield* next.peer.closed).code, 1002)
      })
  )

  connected("with a reason that is not UTF-8 is answered with 1007", ({ link, peer }) =>
    Effect.gen(function*() {
      yield* peer.raw(close(4000, new Uint8Array([0xc3, 0x28])))
      assert.deepInclude(yield* endOf(link), { _tag: "InvalidPayload", code: 1007, initiator: "self" })
      assert.strictEqual((yield* peer.closed).code, 1007)
    }))

  connected(
    "ends the link when it arrives, however long TCP stays open",
    ({ link, peer, server }) =>
      Effect.gen(function*() {
        peer.manners.hangUp = false
        yield* Effect.scoped(Effect.gen(function*() {
          const second = yield* connect(server)
          second.peer.manners.hangUp = false
          yield* second.peer.close(1012, "restart")
          assert.deepInclude(yield* endOf(second.link), { _tag: "ServiceRestart", closeReason: "restart" })
          assert.strictEqual(yield* server.openLinks, 2)
        }))
        // Closing the scope frees what still lingers.
        assert.strictEqual(yield* server.openLinks, 1)
        assert.isTrue(link.writable())
      })
  )

  connected("comes after the messages of the same chunk", ({ link, peer }) =>
    Effect.gen(function*() {
      yield* peer.raw(Buffer.concat([text("a"), text("b"), close(4001), text("after")]))
      const { messages, reason } = yield* drain(link)
      assert.deepStrictEqual(messages, ["a", "b"])
      assert.deepInclude(reason, { _tag: "ApplicationClose", code: 4001 })
    }))

  connected(
    "in the middle of a fragmented message ends the link all the same",
    ({ link, peer }) =>
      Effect.gen(function*() {
        yield* peer.frame({ opcode: opcode.text, payload: "part", fin: false })
        yield* peer.close(1001)
        const { messages, reason } = yield* drain(link)
        assert.deepStrictEqual(messages, [])
        assert.strictEqual(reason._tag, "GoingAway")
      })
  )

  connected("makes no send a silent success, from the moment it arrives", ({ link, peer }) =>
    Effect.gen(function*() {
      const offers: Array<boolean> = []
      link.receive({
        onMessage: () => offers.push(link.offer("one")),
        onEnd: () => offers.push(link.offer("two"))
      })
      yield* peer.raw(Buffer.concat([text("now"), close(4000)]))
      yield* endOf(link)
      yield* peer.closed
      assert.deepStrictEqual(offers, [true, false])
      assert.deepStrictEqual(yield* peer.received, ["one"])
    }))
})

describe("a frame that breaks the protocol", () => {
  connected(
    "ends what is delivered: what came before it is, what comes after it is not",
    ({ link, peer }) =>
      Effect.gen(function*() {
        const broken = encode({ opcode: opcode.text, payload: new Uint8Array([0x61, 0xff]) })
        yield* peer.raw(Buffer.concat([text("a"), text("\ufffd"), broken, text("after"), close(4000)]))
        const { messages, reason } = yield* drain(link)
        assert.deepStrictEqual(messages, ["a", "\ufffd"])
        assert.deepInclude(reason, { _tag: "InvalidPayload", code: 1007, initiator: "self" })
        assert.strictEqual((yield* peer.closed).code, 1007)
      })
  )

  connected("is none where a letter comes in two fragments", ({ link, peer }) =>
    Effect.gen(function*() {
      yield* peer.raw(Buffer.concat([
        encode({ opcode: opcode.text, payload: new Uint8Array([0xe2, 0x82]), fin: false }),
        encode({ opcode: opcode.continuation, payload: new Uint8Array([0xac]) }),
        close(4000)
      ]))
      const { messages } = yield* drain(link)
      assert.deepStrictEqual(messages, ["€"])
    }))

  const cases: ReadonlyArray<readonly [name: string, bytes: Buffer, code: number, options?: DialOptions]> = [
    ["that is masked", encode({ opcode: opcode.text, payload: "x", mask: true }), 1002],
    ["with a reserved bit", encode({ opcode: opcode.text, payload: "x", rsv: 4 }), 1002],
    ["with another reserved bit", encode({ opcode: opcode.text, payload: "x", rsv: 1 }), 1002],
    ["with an unknown opcode", encode({ opcode: 3 }), 1002],
    ["that continues nothing", encode({ opcode: opcode.continuation, payload: "x" }), 1002],
    ["that is a fragmented ping", encode({ opcode: opcode.ping, fin: false }), 1002],
    ["that is a ping of 126 bytes", encode({ opcode: opcode.ping, payload: "x".repeat(126) }), 1002],
    ["with text that is not UTF-8", encode({ opcode: opcode.text, payload: new Uint8Array([0xff]) }), 1007],
    ["larger than maxPayload", encode({ opcode: opcode.binary, payload: "x".repeat(101) }), 1009, { maxPayload: 100 }],
    ["that says it has 2^53 bytes", encode({ opcode: opcode.binary, length: 2 ** 53 }), 1009],
    [
      "of a message larger than maxPayload",
      Buffer.concat([
        encode({ opcode: opcode.text, payload: "x".repeat(60), fin: false }),
        encode({ opcode: opcode.continuation, payload: "x".repeat(60) })
      ]),
      1009,
      { maxPayload: 100 }
    ],
    [
      "of a message with too many fragments",
      Buffer.concat([
        encode({ opcode: opcode.text, payload: "a", fin: false }),
        encode({ opcode: opcode.continuation, payload: "b", fin: false }),
        encode({ opcode: opcode.continuation, payload: "c" })
      ]),
      1008,
      { maxFragments: 2 }
    ]
  ]
  for (const [name, bytes, code, options] of cases) {
    connected(
      `${name} ends the link once, with ${code}, as a close of ours`,
      ({ link, peer, server }) =>
        Effect.gen(function*() {
          const told = ends(link)
          yield* peer.raw(bytes)
          const reason = yield* endOf(link)
          assert.deepInclude(reason, { code, initiator: "self" })
          assert.notStrictEqual(Reflect.get(reason, "closeReason"), "")
          assert.strictEqual((yield* peer.closed).code, code)
          yield* link.released
          yield* server.idle
          assert.deepStrictEqual(told, [reason])
        }),
      options
    )
  }
})

describe("a connection that breaks", () => {
  const lost = (reason: Reason): AbnormalClosure => {
    assert(reason._tag === "AbnormalClosure")
    return reason
  }

  connected(
    "by an end of TCP without Close ends the link at once and frees the descriptor",
    ({ link, peer, server }) =>
      Effect.gen(function*() {
        const told = ends(link)
        yield* peer.halfClose
        assert.include(lost(yield* endOf(link)).message, "ended TCP")
        yield* link.released
        assert.strictEqual(yield* server.openLinks, 0)
        assert.strictEqual(told.length, 1)
      })
  )

  connected(
    "by a reset in the middle of a frame names the system's code, and is no Error",
    ({ link, peer, server }) =>
      Effect.gen(function*() {
        const told = ends(link)
        yield* peer.raw(text("whole"))
        yield* peer.raw(encode({ opcode: opcode.text, payload: "half", length: 1000 }))
        yield* Effect.callback<void>((resume) => void peer.socket.write("", () => resume(Effect.void)))
        yield* peer.reset
        const { cause } = lost(yield* endOf(link))
        assert.deepInclude(cause, { code: "ECONNRESET" })
        assert.notInstanceOf(cause, Error)
        yield* link.released
        assert.strictEqual(yield* server.openLinks, 0)
        assert.strictEqual(told.length, 1)
      })
  )

  connected("remembers how much had not left", ({ link, peer }) =>
    Effect.gen(function*() {
      yield* peer.pauseReading
      while (link.buffered() < 1024 * 1024) {
        link.offer(new Uint8Array(256 * 1024))
        yield* Effect.yieldNow
      }
      const before = link.buffered()
      yield* peer.reset
      lost(yield* endOf(link))
      assert.strictEqual(link.buffered(), before)
    }))

  connected(
    "while it is paused still delivers what had arrived once it is resumed",
    ({ link, peer }) =>
      Effect.gen(function*() {
        link.pause()
        yield* peer.send("arrived")
        yield* peer.drop
        yield* peer.down.pipe(Effect.timeoutOption("20 millis"))
        link.resume()
        const { messages, reason } = yield* drain(link)
        assert.deepStrictEqual(messages, ["arrived"])
        lost(reason)
      })
  )

  connected(
    "since the peer sends pings but reads no pongs is named as that",
    ({ link, peer }) =>
      Effect.gen(function*() {
        yield* peer.pauseReading
        while (link.buffered() < 1024 * 1024) {
          link.offer(new Uint8Array(256 * 1024))
          yield* Effect.yieldNow
        }
        for (let i = 0; i < 61; i++) yield* peer.ping
        assert.deepInclude(lost(yield* endOf(link)).cause, { code: "TOO_MANY_PENDING_PONGS" })
      })
  )

  connected("after our Close, which stays unanswered, is our close", ({ link, peer }) =>
    Effect.gen(function*() {
      peer.manners.close = false
      yield* link.close(4000, "bye")
      yield* peer.closed
      yield* peer.halfClose
      assert.deepStrictEqual(yield* endOf(link), fromCloseFrame({ code: 4000, closeReason: "bye", initiator: "self" }))
      yield* link.released
    }))

  it.live("leaves no listener of ours on its socket", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      const sockets: Array<Socket> = []
      const onSocket = (message: unknown) => sockets.push((message as { readonly socket: Socket }).socket)
      diagnostics.subscribe("net.client.socket", onSocket)
      const { link, peer } = yield* connect(server)
      diagnostics.unsubscribe("net.client.socket", onSocket)
      const [socket] = sockets
      assert(socket !== undefined)
      const count = (...names: ReadonlyArray<string>) => names.map((name) => socket.listenerCount(name))
      // The one of `ws`, and ours.
      assert.deepStrictEqual(count("data", "lookup", "connect", "secureConnect"), [2, 0, 0, 0])
      yield* peer.close(1000)
      yield* link.released
      assert.deepStrictEqual(count("data", "lookup", "connect", "secureConnect"), [0, 0, 0, 0])
    }))
})

describe("messages", () => {
  connected(
    "that are small own their bytes, and are plain arrays whatever their size",
    ({ link, peer }) =>
      Effect.gen(function*() {
        yield* peer.send(new Uint8Array([1, 2, 3]))
        yield* peer.send(new Uint8Array(4095).fill(7))
        yield* peer.send(new Uint8Array(100_000).fill(8))
        const messages: Array<Message> = []
        while (messages.length < 3) messages.push(...(yield* link.pull))
        for (const message of messages) {
          assert.strictEqual(Object.getPrototypeOf(message), Uint8Array.prototype)
        }
        const [one, two] = messages as Array<Uint8Array>
        assert.strictEqual(one?.buffer.byteLength, 3)
        assert.strictEqual(two?.buffer.byteLength, 4095)
        assert.isTrue((messages[2] as Uint8Array).every((byte) => byte === 8))
      })
  )

  connected("keep a byte order mark, since it is part of the text", ({ link, peer }) =>
    Effect.gen(function*() {
      yield* peer.send("\ufeffa")
      assert.deepStrictEqual(yield* link.pull, ["\ufeffa"])
    }))

  connected(
    "of every size arrive whole, in order, text and binary, in one tick or in many",
    ({ link, peer }) =>
      Effect.gen(function*() {
        const sizes = [0, 1, 125, 126, 1023, 1024, 1025, 65_535, 65_536, 200_000]
        const all: Array<Message> = sizes.flatMap((size) => ["é".repeat(size), new Uint8Array(size).fill(size)])
        for (const message of all) assert.isTrue(link.offer(message))
        for (const message of all) {
          yield* link.write([message])
          yield* Effect.yieldNow
        }
        yield* link.flush
        assert.strictEqual(link.buffered(), 0)
        for (const message of [...all, ...all]) {
          const got = yield* peer.receive
          assert.strictEqual(typeof got, typeof message)
          assert.isTrue(Buffer.from(got as string).equals(Buffer.from(message as string)), `size ${message.length}`)
        }
      })
  )

  connected("of one tick leave together, the first of them at once", ({ link, peer }) =>
    Effect.gen(function*() {
      const chunks: Array<number> = []
      peer.socket.prependListener("data", (chunk) => chunks.push(chunk.length))
      for (let i = 0; i < 500; i++) link.offer("x".repeat(20))
      yield* peer.frameThat(() => chunks.reduce((sum, size) => sum + size, 0) === 500 * 26)
      assert.isAtMost(chunks.length, 3)
    }))

  connected(
    "and a ping among them keep their order, and the ping does not wait for the tick",
    ({ link, peer }) =>
      Effect.gen(function*() {
        link.offer("one")
        link.offer("two")
        yield* link.ping(new Uint8Array([1]))
        link.offer("three")
        yield* link.close(1000, "")
        yield* peer.closed
        assert.deepStrictEqual((yield* peer.frames).map((frame) => frame.opcode), [
          opcode.text,
          opcode.text,
          opcode.ping,
          opcode.text,
          opcode.close
        ])
      })
  )

  connected(
    "are not changed by what the caller does to an array after it was sent",
    ({ link, peer }) =>
      Effect.gen(function*() {
        const bytes = new Uint8Array(2000).fill(1)
        link.offer("first of the tick")
        link.offer(bytes)
        bytes.fill(2)
        yield* peer.receive
        assert.deepStrictEqual(yield* peer.receive, new Uint8Array(2000).fill(1))
        assert.isTrue(bytes.every((byte) => byte === 2))
      })
  )

  connected(
    "wait for nobody else: flush is done below the socket's own mark",
    ({ link, peer }) =>
      Effect.gen(function*() {
        yield* peer.pauseReading
        link.offer("one")
        link.offer("two")
        assert.isAbove(link.buffered(), 0)
        yield* link.flush
        assert.strictEqual(link.buffered(), 0)
      })
  )
})

describe("a ping of more than 125 bytes", () => {
  connected("is refused", ({ link }) =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(link.ping(new Uint8Array(126)))
      assert.strictEqual(error.reason._tag, "InvalidRequest")
    }))
})

describe("compression", () => {
  const agreed = (body: (ends: Ends) => Effect.Effect<void, unknown, Scope.Scope>, options?: DialOptions) => () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      yield* server.accept({ headers: { "sec-websocket-extensions": "permessage-deflate" } })
      const { link, peer } = yield* connect(server, { perMessageDeflate: true, ...options })
      assert.strictEqual(
        (yield* server.asked)[0]?.headers["sec-websocket-extensions"],
        "permessage-deflate; client_max_window_bits"
      )
      yield* body({ server, link, peer })
    })

  it.live(
    "works both ways where the server agrees, and flush waits for it",
    agreed(({ link, peer }) =>
      Effect.gen(function*() {
        yield* peer.frame({ opcode: opcode.text, payload: compressed("hello"), rsv: 4 })
        assert.deepStrictEqual(yield* link.pull, ["hello"])
        const bytes = new Uint8Array(5000).fill(1)
        link.offer("y".repeat(5000))
        link.offer(bytes)
        bytes.fill(2)
        assert.isAbove(link.buffered(), 0)
        yield* link.flush
        assert.strictEqual(link.buffered(), 0)
        const first = yield* peer.frameThat((frame) => frame.opcode === opcode.text)
        assert.strictEqual(first.rsv, 4)
        assert.isBelow(first.payload.length, 100)
        const inflated = inflateRawSync(Buffer.concat([first.payload, Buffer.from([0, 0, 0xff, 0xff])]), {
          finishFlush: 2
        })
        assert.strictEqual(inflated.toString(), "y".repeat(5000))
        const second = yield* peer.frameThat((frame) => frame.opcode === opcode.binary)
        assert.isAbove(second.payload.length, 0)
      })
    )
  )

  it.live(
    "caps the size of the decompressed message",
    agreed(({ link, peer }) =>
      Effect.gen(function*() {
        yield* peer.frame({ opcode: opcode.binary, payload: compressed(new Uint8Array(2_000_000)), rsv: 4 })
        assert.deepInclude(yield* endOf(link), { _tag: "MessageTooBig", code: 1009, initiator: "self" })
        assert.strictEqual((yield* peer.closed).code, 1009)
      }), { maxPayload: 100_000 })
  )

  it.live(
    "that cannot be undone is answered with 1007",
    agreed(({ link, peer }) =>
      Effect.gen(function*() {
        yield* peer.frame({ opcode: opcode.text, payload: new Uint8Array([0xff, 0xff, 0xff, 0xff]), rsv: 4 })
        assert.deepInclude(yield* endOf(link), { _tag: "InvalidPayload", code: 1007, initiator: "self" })
        assert.strictEqual((yield* peer.closed).code, 1007)
      })
    )
  )

  it.live(
    "loses no message and no Close that arrive together, even with the end of TCP",
    agreed(({ link, peer, server }) =>
      Effect.gen(function*() {
        peer.manners.hangUp = false
        const frame = (payload: string, fin = true) =>
          encode({ opcode: opcode.text, payload: compressed(payload), rsv: 4, fin })
        peer.socket.write(Buffer.concat([frame("one"), frame("two"), close(4002, "x")]))
        peer.socket.end()
        const { messages, reason } = yield* drain(link)
        assert.deepStrictEqual(messages, ["one", "two"])
        assert.deepStrictEqual(reason, fromCloseFrame({ code: 4002, closeReason: "x" }))
        yield* link.released
        assert.strictEqual(yield* server.openLinks, 0)
      })
    )
  )

  it.live(
    "hears a Close that follows a fragment, though TCP stays open",
    agreed(({ link, peer }) =>
      Effect.gen(function*() {
        peer.manners.hangUp = false
        yield* peer.raw(Buffer.concat([
          encode({ opcode: opcode.text, payload: compressed("part"), rsv: 4, fin: false }),
          close(1001)
        ]))
        assert.strictEqual((yield* endOf(link))._tag, "GoingAway")
      })
    )
  )

  it.live("is refused where the server agrees to what was not offered", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      yield* server.accept({ headers: { "sec-websocket-extensions": "permessage-deflate; server_max_window_bits=99" } })
      const error = yield* Effect.flip(connect(server, { perMessageDeflate: true }))
      assert.deepInclude(error.reason, { _tag: "HandshakeInvalid", check: "extensions" })
    }))
})
