// Whole connections over real sockets, from the first dial to `Open`.
import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import { Agent } from "node:http"
import type { ConnectionError } from "../../src/ConnectionError.ts"
import { classify } from "../../src/Reconnect.ts"
import * as ConnectProxy from "../support/connectProxy.ts"
import { encode, opcode, text } from "../support/frames.ts"
import * as FullBacklog from "../support/fullBacklog.ts"
import {
  beside,
  closedPort,
  connect,
  onDemand,
  received,
  timed,
  turn,
  turns,
  until
} from "../support/realConnection.ts"
import * as RealServer from "../support/realServer.ts"
import * as WsServer from "../support/wsServer.ts"

const httpDate = (millis: number): string => new Date(millis).toUTCString()

describe("getting in", () => {
  // 1
  it.live.each(["url", "headers", "subprotocols"] as const)(
    "a %s effect that fails on attempt 1 and works on attempt 2 is retried by policy",
    (option) =>
      Effect.gen(function*() {
        const server = yield* WsServer.echo()
        let asked = 0
        const failsOnce = <A>(value: A) =>
          Effect.tryPromise(() => asked++ === 0 ? Promise.reject(new Error("no token today")) : Promise.resolve(value))
        const { connection, events } = yield* connect(server.url, {
          ...(option === "url" ? { url: failsOnce(server.url) } : undefined),
          ...(option === "headers" ? { headers: failsOnce({ authorization: "Bearer t" }) } : undefined),
          ...(option === "subprotocols" ? { subprotocols: failsOnce([]) } : undefined)
        })
        const session = yield* connection.awaitOpen
        assert.strictEqual(session.id, 1)
        assert.deepStrictEqual(events.of("AttemptFailed").map(({ error }) => error.reason._tag), ["CredentialsFailed"])
        assert.include(events.of("AttemptFailed")[0]?.error.message, "no token today")
        assert.strictEqual(events.of("Opened")[0]?.attempt, 2)
      })
  )

  // 2
  it.live("a 401 is seen as a 401 by the policy, not as a clean close", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      yield* server.reject(401, { headers: { "www-authenticate": "Bearer" }, body: "expired" })
      const seen: Array<ConnectionError> = []
      const { connection } = yield* connect(server.url, {
        reconnect: {
          schedule: Schedule.spaced(0),
          classify: (error) => {
            seen.push(error)
            return classify(error)
          }
        }
      })
      const error = yield* Effect.flip(connection.await)
      assert.strictEqual(seen.length, 2)
      for (const { reason } of [...seen, error]) {
        assert(reason._tag === "HandshakeRejected")
        assert.strictEqual(reason.status, 401)
        assert.strictEqual(reason.body, "expired")
        assert.strictEqual(reason.headers["www-authenticate"], "Bearer")
      }
    }))

  it.live("a 401 whose body never comes is seen as a 401, and not as the deadline that it would have met", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      // No length, and TCP stays open: by HTTP/1.1 the body may still come.
      yield* server.answer(({ socket }) => void socket.write(RealServer.head("401 Unauthorized", {})))
      const { connection } = yield* connect(server.url, { timeout: "800 millis", reconnect: false })
      const error = yield* Effect.flip(connection.await)
      assert(error.reason._tag === "HandshakeRejected")
      assert.strictEqual(error.reason.status, 401)
      yield* server.idle
    }))

  // 3
  it.live("a connection refused on the very first dial is retried like any other", () =>
    Effect.gen(function*() {
      const port = yield* closedPort
      const { connection, events } = yield* connect(`ws://127.0.0.1:${port}/`, {
        reconnect: { schedule: Schedule.spaced("10 millis") }
      })
      const { error } = yield* events.next("AttemptFailed")
      assert(error.reason._tag === "ConnectFailed")
      assert.strictEqual(error.reason.code, "ECONNREFUSED")
      assert.strictEqual(error.reason.phase, "tcp")
      yield* events.next("AttemptFailed")
      yield* WsServer.echo({ port })
      yield* connection.awaitOpen
      assert.isAtLeast((yield* events.next("Opened")).attempt, 3)
    }))

  // 4
  const now = Date.UTC(2030, 0, 1)
  const retryAfters: ReadonlyArray<[name: string, headers: Record<string, string>, floor: number]> = [
    ["in seconds", { "retry-after": "2" }, 2000],
    ["as an HTTP date", { date: httpDate(now), "retry-after": httpDate(now + 3000) }, 3000],
    ["in the past", { date: httpDate(now), "retry-after": httpDate(now - 60_000) }, 0],
    ["as garbage", { "retry-after": "soon, I hope" }, 0],
    ["as a negative number", { "retry-after": "-5" }, 0],
    ["ten years ahead in seconds", { "retry-after": "315360000" }, 3_600_000],
    [
      "ten years ahead as an HTTP date",
      { date: httpDate(now), "retry-after": httpDate(now + 315_360_000_000) },
      3_600_000
    ]
  ]
  it.live.each(retryAfters.map(([name, headers, floor]) => ({ name, headers, floor })))(
    "after a 429 with Retry-After $name the next dial is never earlier and never absurd",
    ({ floor, headers }) =>
      Effect.gen(function*() {
        const server = yield* RealServer.make()
        yield* server.reject(429, { headers })
        const { events } = yield* connect(server.url, { reconnect: {} })
        const waiting = yield* events.next("WaitScheduled")
        assert.strictEqual(Duration.toMillis(waiting.floor), floor)
        assert.isAtLeast(Duration.toMillis(waiting.delay), floor)
        // The schedule's own first delay is below a second.
        assert.isAtMost(Duration.toMillis(waiting.delay), Math.max(floor, 1000))
      })
  )

  it.live("after a 429 with Retry-After: 1 the next dial waits that long in fact", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      yield* server.next.reject(429, { headers: { "retry-after": "1" } })
      const { connection } = yield* connect(server.url)
      const [, took] = yield* timed(connection.awaitOpen)
      assert.isAtLeast(took, 999)
      assert.strictEqual((yield* server.dials).length, 2)
    }))

  // 5
  describe("one deadline covers everything until the 101", () => {
    it.live("TCP accepts, then silence: the socket is destroyed", () =>
      Effect.gen(function*() {
        const server = yield* RealServer.make({ silent: true })
        const { connection } = yield* connect(server.url, { timeout: "250 millis", reconnect: false })
        const [error, took] = yield* timed(Effect.flip(connection.await))
        assert(error.reason._tag === "HandshakeTimeout")
        assert.strictEqual(error.reason.phase, "response")
        assert.isAtLeast(took, 240)
        assert.strictEqual(yield* server.openLinks, 0)
        yield* server.connection
        yield* server.idle
      }))

    it.live("a 101 sent a byte at a time does not outlive it", () =>
      Effect.gen(function*() {
        const server = yield* RealServer.make()
        yield* server.answer(({ accept, socket }) => {
          const bytes = Buffer.from(RealServer.switching(accept))
          let sent = 0
          const timer = setInterval(() => socket.write(bytes.subarray(sent, ++sent)), 20)
          socket.on("close", () => clearInterval(timer))
        })
        const { connection, events } = yield* connect(server.url, { timeout: "250 millis", reconnect: false })
        const [error, took] = yield* timed(Effect.flip(connection.await))
        assert(error.reason._tag === "HandshakeTimeout")
        assert.strictEqual(error.reason.phase, "response")
        // The whole of it takes more than two seconds.
        assert.isAtMost(took, 1500)
        assert.strictEqual(yield* server.openLinks, 0)
        assert.deepStrictEqual(events.of("Opened"), [])
        yield* server.idle
      }))

    it.live("TLS that stalls", () =>
      Effect.gen(function*() {
        const server = yield* RealServer.make({ silent: true })
        const { connection } = yield* connect(server.url.replace("ws:", "wss:"), {
          timeout: "250 millis",
          reconnect: false
        })
        const error = yield* Effect.flip(connection.await)
        assert(error.reason._tag === "HandshakeTimeout")
        assert.strictEqual(error.reason.phase, "tls")
        assert.strictEqual(yield* server.openLinks, 0)
        yield* server.connection
        yield* server.idle
      }))

    it.live.skipIf(process.platform !== "linux")("TCP that stalls", () =>
      Effect.gen(function*() {
        const port = yield* FullBacklog.make
        const { connection } = yield* connect(`wss://127.0.0.1:${port}/`, { timeout: "250 millis", reconnect: false })
        const error = yield* Effect.flip(connection.await)
        assert(error.reason._tag === "HandshakeTimeout")
        assert.strictEqual(error.reason.phase, "tcp")
      }))

    it.live("DNS that stalls", () =>
      Effect.gen(function*() {
        const { connection } = yield* connect("ws://nowhere.test/", {
          timeout: "250 millis",
          reconnect: false,
          transport: { agent: new Agent({ lookup: () => undefined }) }
        })
        const error = yield* Effect.flip(connection.await)
        assert(error.reason._tag === "HandshakeTimeout")
        assert.strictEqual(error.reason.phase, "dns")
      }))

    it.live.each(["url", "headers", "subprotocols"] as const)(
      "a %s effect that hangs",
      (option) =>
        Effect.gen(function*() {
          let interrupted = false
          const hangs = Effect.onInterrupt(Effect.never, () =>
            Effect.sync(() => {
              interrupted = true
            }))
          const { connection } = yield* connect("ws://127.0.0.1:1/", {
            [option]: () => hangs,
            timeout: "250 millis",
            reconnect: false
          })
          const error = yield* Effect.flip(connection.await)
          assert(error.reason._tag === "HandshakeTimeout")
          assert.strictEqual(error.reason.phase, "credentials")
          assert.isTrue(interrupted)
        })
    )

    it.live("a 101 that comes after it is delivered to nobody", () =>
      Effect.gen(function*() {
        const server = yield* RealServer.make()
        let answer = () => {}
        yield* server.answer(({ accept, socket }) => {
          answer = () => void socket.write(Buffer.concat([Buffer.from(RealServer.switching(accept)), text("late")]))
        })
        const { connection, events } = yield* connect(server.url, { timeout: "250 millis", reconnect: onDemand })
        const messages = yield* received(connection)
        yield* events.next("AttemptFailed")
        yield* Effect.sync(() => answer())
        yield* server.accept()
        yield* connection.reconnect()
        const peer = yield* server.peer
        yield* peer.send("in time")
        yield* messages.count(1)
        assert.deepStrictEqual(messages.all, ["in time"])
        assert.deepStrictEqual(events.of("Opened").map(({ attempt, session }) => [session, attempt]), [[1, 2]])
      }))
  })

  // 6
  const nothing = "nothing"
  /** What is wrong with an otherwise right 101: a line in place of that header's, and what the error says of it. */
  const violations: ReadonlyArray<
    readonly [name: string, check: string, header: string, line: string, actual: string, compression?: boolean]
  > = [
    ["no Upgrade", "upgrade", "upgrade", "", nothing],
    ["Upgrade to something else", "upgrade", "upgrade", "Upgrade: h2c\r\n", "h2c"],
    ["no Connection", "connection", "connection", "", nothing],
    ["a Connection without upgrade", "connection", "connection", "Connection: keep-alive\r\n", "keep-alive"],
    [
      "a Connection that only begins like it",
      "connection",
      "connection",
      "Connection: upgrade-insecure-requests\r\n",
      "upgrade-insecure-requests"
    ],
    ["no Accept", "accept", "sec-websocket-accept", "", nothing],
    ["the Accept of another key", "accept", "sec-websocket-accept", "Sec-WebSocket-Accept: AAAA\r\n", "AAAA"],
    ["an extension never offered", "extensions", "", "Sec-WebSocket-Extensions: x-never\r\n", "x-never"],
    [
      "compression never offered",
      "extensions",
      "",
      "Sec-WebSocket-Extensions: permessage-deflate\r\n",
      "permessage-deflate"
    ],
    [
      "a parameter of compression that is illegal",
      "extensions",
      "",
      "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=7\r\n",
      "permessage-deflate; server_max_window_bits=7",
      true
    ],
    [
      "compression agreed to twice",
      "extensions",
      "",
      "Sec-WebSocket-Extensions: permessage-deflate\r\nSec-WebSocket-Extensions: permessage-deflate\r\n",
      "permessage-deflate, permessage-deflate",
      true
    ],
    ["no subprotocol", "subprotocol", "sec-websocket-protocol", "", nothing],
    ["a subprotocol never offered", "subprotocol", "sec-websocket-protocol", "Sec-WebSocket-Protocol: c\r\n", "c"],
    ["one in another case", "subprotocol", "sec-websocket-protocol", "Sec-WebSocket-Protocol: A\r\n", "A"],
    ["two of those offered", "subprotocol", "sec-websocket-protocol", "Sec-WebSocket-Protocol: a, b\r\n", "a, b"],
    [
      "two of those offered, in two headers",
      "subprotocol",
      "sec-websocket-protocol",
      "Sec-WebSocket-Protocol: a\r\nSec-WebSocket-Protocol: b\r\n",
      "a, b"
    ]
  ]
  const isRefused = (
    answer: RealServer.Answer,
    expected: { readonly check: string; readonly actual?: string },
    transport: NonNullable<Parameters<typeof connect>[1]>["transport"] = {}
  ) =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      yield* server.answer(answer)
      const options = { subprotocols: ["a", "b"], reconnect: false, transport } as const
      const { connection, events } = yield* connect(server.url, options)
      const error = yield* Effect.flip(connection.await)
      assert(error.reason._tag === "HandshakeInvalid")
      assert.strictEqual(error.reason.check, expected.check)
      if (expected.actual !== undefined) assert.strictEqual(error.reason.actual, expected.actual)
      const socket = yield* server.connection
      yield* server.idle
      assert.strictEqual(yield* server.openLinks, 0)
      // The request, and not a byte more.
      const [asked] = yield* server.asked
      assert.strictEqual(socket.bytesRead, bytesOf(asked!))
      assert.deepStrictEqual(events.of("Opened"), [])
      return error.reason
    })
  it.live.each(violations.map(([name, check, header, line, actual, compression = false]) => ({
    name,
    check,
    header,
    line,
    actual,
    compression
  })))(
    "a handshake that violates one check alone ($check: $name) is the right typed error, TCP is closed, and no Close frame is sent",
    ({ actual, check, compression, header, line }) =>
      isRefused(
        ({ accept, socket }) => {
          const legal = RealServer.switching(accept, { "sec-websocket-protocol": "a" })
          const others = legal.split("\r\n").filter((other) => header === "" || !other.startsWith(`${header}: `))
          socket.write(others.join("\r\n").slice(0, -2) + `${line}\r\n`)
        },
        { check, actual },
        { perMessageDeflate: compression }
      )
  )

  it.live("an Accept that comes twice, though right, violates its check", () =>
    Effect.gen(function*() {
      let right = ""
      const reason = yield* isRefused(({ accept, socket }) => {
        right = accept
        const legal = RealServer.switching(accept, { "sec-websocket-protocol": "a" })
        socket.write(legal.replace(/(sec-websocket-accept: .*\r\n)/, "$1$1"))
      }, { check: "accept" })
      assert.strictEqual(reason.actual, `${right}, ${right}`)
    }))

  it.live.each([
    {
      name: "no HTTP at all",
      answer: () => "SSH-2.0-OpenSSH_9.2\r\n",
      actual: "HPE_INVALID_CONSTANT: Expected HTTP/, RTSP/ or ICE/"
    },
    { name: "HTTP/1.0", answer: (legal: string) => legal.replace("HTTP/1.1", "HTTP/1.0"), actual: "HTTP/1.0" }
  ])(
    "an answer in $name violates the check http, with the same consequences",
    ({ actual, answer }) =>
      isRefused(({ accept, socket }) => void socket.write(answer(RealServer.switching(accept))), {
        check: "http",
        actual
      })
  )

  it.live("the legal header Connection: keep-alive, Upgrade is accepted", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      yield* server.accept({ headers: { connection: "keep-alive, Upgrade" } })
      const { connection } = yield* connect(server.url, { reconnect: false })
      yield* connection.awaitOpen
    }))

  // 7
  it.live("the 101 and the first frames in one segment, and split at every byte: nothing is lost", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      const frames = Buffer.concat([
        text("one"),
        encode({ opcode: opcode.ping, payload: "p" }),
        encode({ opcode: opcode.binary, payload: "tw", fin: false }),
        encode({ opcode: opcode.continuation, payload: "o" }),
        encode({ opcode: opcode.close, payload: Buffer.from([3, 233]) })
      ])
      let split = 0
      let last = 0
      yield* server.answer(({ accept, accepted, socket }) => {
        const bytes = Buffer.concat([Buffer.from(RealServer.switching(accept)), frames])
        last = bytes.length
        accepted()
        socket.setNoDelay(true)
        socket.write(bytes.subarray(0, split))
        // The client reads in between.
        setImmediate(() => setImmediate(() => socket.write(bytes.subarray(split++))))
      })
      const { connection, events } = yield* connect(server.url)
      const messages = yield* received(connection)
      yield* until(() => last > 0 && split > last)
      const { length } = yield* messages.count(2 * split)
      assert.isAtLeast(length, 2 * last)
      for (let i = 0; i < 2 * last; i += 2) {
        assert.strictEqual(messages.all[i], "one")
        assert.deepStrictEqual(messages.all[i + 1], new TextEncoder().encode("two"))
      }
      assert.deepStrictEqual(events.of("AttemptFailed"), [])
    }))

  it.live("a 101 and first frames that come byte after byte lose nothing", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      yield* server.answer(({ accept, accepted, socket }) => {
        const bytes = Buffer.concat([Buffer.from(RealServer.switching(accept)), text("one"), text("two")])
        accepted()
        socket.setNoDelay(true)
        const next = (i: number) => {
          if (i === bytes.length) return
          socket.write(bytes.subarray(i, i + 1))
          setImmediate(() => next(i + 1))
        }
        next(0)
      })
      const { connection } = yield* connect(server.url)
      const messages = yield* received(connection)
      yield* messages.count(2)
      assert.deepStrictEqual(messages.all, ["one", "two"])
    }))

  // 8
  const places: ReadonlyArray<{
    readonly where: string
    readonly server: Parameters<typeof RealServer.make>[0]
    readonly url: (server: RealServer.RealServer) => string
    readonly behave: (server: RealServer.RealServer) => Effect.Effect<void>
    readonly proxied?: boolean
  }> = [
    { where: "over TCP", server: {}, url: (server) => server.url, behave: () => Effect.void },
    {
      where: "over TLS",
      server: { tls: RealServer.certificate },
      url: (server) => server.url,
      behave: () => Effect.void
    },
    {
      where: "by name",
      server: {},
      url: (server) => server.url.replace("127.0.0.1", "localhost"),
      behave: () => Effect.void
    },
    {
      where: "to a server that refuses",
      server: {},
      url: (server) => server.url,
      behave: (server) => server.reject(503)
    },
    { where: "to a server that stalls", server: {}, url: (server) => server.url, behave: (server) => server.stall },
    {
      where: "through a proxy",
      server: {},
      url: (server) => server.url,
      behave: () => Effect.void,
      proxied: true
    },
    {
      where: "through a proxy, over TLS",
      server: { tls: RealServer.certificate },
      url: (server) => server.url,
      behave: () => Effect.void,
      proxied: true
    }
  ]
  it.live.each(places)(
    "interrupted at every await point of a dial $where, nothing is left: no socket, listener, timer or fiber",
    ({ behave, proxied = false, server: options, url, where }) =>
      Effect.gen(function*() {
        const server = yield* RealServer.make(options)
        yield* behave(server)
        const proxy = proxied ? yield* ConnectProxy.make("tunnel", RealServer.certificate) : undefined
        const tls = { rejectUnauthorized: false }
        const listeners = () => process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0)
        const before = listeners()
        let opened = 0
        // A dial is over after some ten turns; one that lasts is interrupted on its way sixty times.
        for (let pause = 0; pause < 60 && opened < 5; pause++) {
          const running = yield* beside(Effect.scoped(Effect.gen(function*() {
            const { connection } = yield* connect(url(server), {
              reconnect: onDemand,
              transport: proxy === undefined ? { tls } : { tls, proxy: `https://${proxy.host}` },
              greet: (session) => session.send("hello")
            })
            yield* connection.awaitOpen
            opened++
            return yield* Effect.never
          })))
          yield* turns(pause)
          const [, took] = yield* timed(Fiber.interrupt(running))
          assert.isBelow(took, 2000, `an interruption took long after ${pause} turns ${where}`)
          // The proxy is a client of that server, too, and in this process.
          if (proxy !== undefined) yield* proxy.idle
          else assert.strictEqual(yield* server.openLinks, 0, `a descriptor is left after ${pause} turns ${where}`)
        }
        yield* server.idle
        assert.strictEqual(listeners(), before)
      })
  )

  // 9
  it.live("a refused handshake leaves no socket in CONNECTING", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      yield* server.answer(({ socket }) => {
        // An answer whose body never ends, over a connection that stays.
        socket.write(RealServer.head("503 Service Unavailable", { "content-length": "5000", connection: "keep-alive" }))
        socket.write("x".repeat(1024))
      })
      const { events } = yield* connect(server.url)
      yield* events.log.count(60)
      for (const { error } of events.of("AttemptFailed")) assert.strictEqual(error.reason._tag, "HandshakeRejected")
      assert.isAtMost(yield* server.openLinks, 1)
    }))

  // 10
  it.live("a greet that never finishes has its own deadline, typed, and its socket is freed", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      const { connection, events } = yield* connect(server.url, {
        greet: (session) => Effect.forever(session.receive),
        greetTimeout: "200 millis",
        reconnect: false
      })
      const peer = yield* server.peer
      const error = yield* Effect.flip(connection.await)
      assert(error.reason._tag === "HandshakeTimeout")
      assert.strictEqual(error.reason.phase, "greet")
      assert.deepStrictEqual(events.tags, ["AttemptFailed", "Closed"])
      yield* peer.down
      yield* server.idle
    }))

  it.live("a greet that fails is an attempt that failed", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      const { connection, events } = yield* connect(server.url, {
        greet: () => Effect.fail("not ready"),
        reconnect: { schedule: Schedule.recurs(2) }
      })
      const error = yield* Effect.flip(connection.await)
      assert(error.reason._tag === "GreetingFailed")
      assert.strictEqual(error.reason.cause, "not ready")
      assert.strictEqual(events.of("AttemptFailed").length, 3)
      assert.deepStrictEqual(events.of("Opened"), [])
      yield* server.idle
    }))

  it.live("nothing that the user sent overtakes the greeting", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      const { connection } = yield* connect(server.url, {
        start: "lazy",
        outbound: { whileDisconnected: { buffer: { messages: 10 } } },
        greet: (session) =>
          Effect.gen(function*() {
            yield* session.send("AUTH")
            if ((yield* session.receive) !== "ready") return yield* Effect.fail("not ready")
            yield* session.send("THANKS")
          })
      })
      yield* connection.send("queued")
      const peer = yield* server.peer
      assert.strictEqual(yield* peer.receive, "AUTH")
      yield* connection.send("while greeting")
      const suspended = yield* beside(connection.socket.writer.pipe(
        Effect.flatMap((writer) => writer.write("while greeting, too"))
      ))
      yield* turns(5)
      assert.deepStrictEqual(yield* peer.received, ["AUTH"])
      yield* peer.send("ready")
      for (const expected of ["THANKS", "queued", "while greeting", "while greeting, too"]) {
        assert.strictEqual(yield* peer.receive, expected)
      }
      yield* Fiber.join(suspended)
    }))

  it.live("a Close that comes while greeting is the reason, with its code", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      const { connection } = yield* connect(server.url, {
        greet: (session) => Effect.mapError(session.receive, () => "my own words"),
        reconnect: false
      })
      const peer = yield* server.peer
      yield* peer.close(4004, "unknown token")
      const error = yield* Effect.flip(connection.await)
      assert(error.reason._tag === "ApplicationClose")
      assert.strictEqual(error.reason.code, 4004)
      assert.strictEqual(error.reason.closeReason, "unknown token")
    }))

  // 11
  it.live("headers gives a fresh token at each attempt, and a 401 leads to exactly one immediate refresh, then stop", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      yield* server.reject(401)
      const asked: Array<string> = []
      const { connection, events } = yield* connect(server.url, {
        headers: ({ attempt, previous }) =>
          Effect.sync(() => {
            asked.push(Option.match(previous, { onNone: () => "none", onSome: ({ reason }) => reason._tag }))
            return { authorization: `Bearer ${attempt}` }
          }),
        reconnect: { schedule: Schedule.spaced("1 hour") }
      })
      const error = yield* Effect.flip(connection.await)
      assert.strictEqual(error.reason._tag, "HandshakeRejected")
      assert.deepStrictEqual(asked, ["none", "HandshakeRejected"])
      assert.deepStrictEqual((yield* server.asked).map(({ headers }) => headers["authorization"]), [
        "Bearer 1",
        "Bearer 2"
      ])
      assert.deepStrictEqual(events.of("WaitScheduled").map(({ delay }) => Duration.toMillis(delay)), [0])
    }))

  it.live("a token that works after the refresh opens the session", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      yield* server.next.reject(401)
      const { connection } = yield* connect(server.url, {
        headers: ({ attempt }) => Effect.succeed({ authorization: `Bearer ${attempt}` }),
        reconnect: { schedule: Schedule.spaced("1 hour") }
      })
      yield* connection.awaitOpen
      assert.strictEqual((yield* server.asked)[1]?.headers["authorization"], "Bearer 2")
    }))

  it.live("a dial that is interrupted while the credentials are made releases what they hold", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      const released: Array<string> = []
      const exit = yield* Effect.exit(Effect.timeout(
        Effect.scoped(Effect.gen(function*() {
          const { connection } = yield* connect(server.url, {
            headers: () =>
              Effect.acquireRelease(Effect.succeed("token"), (token) => Effect.sync(() => released.push(token))).pipe(
                Effect.andThen(Effect.never)
              )
          })
          yield* connection.awaitOpen
        })),
        "100 millis"
      ))
      assert.isTrue(Exit.isFailure(exit))
      assert.deepStrictEqual(released, ["token"])
      yield* turn
      assert.deepStrictEqual(yield* server.dials, [])
    }))
})

/** The length of a request on the wire. */
const bytesOf = ({ headers, target }: RealServer.Asked): number =>
  Object.entries(headers).reduce(
    (sum, [name, value]) => sum + name.length + value.length + 4,
    `GET ${target} HTTP/1.1\r\n`.length + 2
  )
