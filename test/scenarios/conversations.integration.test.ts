// Requests and subscriptions over real sockets, with a server that is killed in the middle of them.
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { monitorEventLoopDelay } from "node:perf_hooks"
import type { WebSocket } from "ws"
import * as Codec from "../../src/Codec.ts"
import type { ConnectionService } from "../../src/Connection.ts"
import * as Protocol from "../../src/Protocol.ts"
import * as Requests from "../../src/Requests.ts"
import * as Subscriptions from "../../src/Subscriptions.ts"
import { encode, opcode } from "../support/frames.ts"
import { atOnce, beside, connect, turns, until } from "../support/realConnection.ts"
import * as RealServer from "../support/realServer.ts"
import * as WsServer from "../support/wsServer.ts"

const Said = Schema.Struct({
  id: Schema.optional(Schema.Number),
  op: Schema.optional(Schema.String),
  key: Schema.optional(Schema.String),
  n: Schema.optional(Schema.Number)
})
type Said = typeof Said.Type

const speak = (connection: ConnectionService) =>
  Protocol.over(connection, { codec: Codec.json, incoming: Said, outgoing: Said })

const ask = (connection: ConnectionService) =>
  Effect.flatMap(
    speak(connection),
    (protocol) => Requests.make({ protocol, idOf: ({ id }) => id, replyTo: ({ id }) => id, timeout: "20 seconds" })
  )

const heard = (data: unknown): Said => JSON.parse(String(data))

/** The outcome in a word. */
const outcome = (request: Effect.Effect<Said, Requests.RequestTimedOut | Requests.RequestLost | Error>) =>
  Effect.match(request, {
    onSuccess: () => "reply",
    onFailure: (error) => "delivery" in error ? `${error._tag}, ${error.delivery}` : error.message
  })

const tally = (outcomes: ReadonlyArray<string>): Record<string, number> => {
  const counts: Record<string, number> = {}
  for (const one of outcomes) counts[one] = (counts[one] ?? 0) + 1
  return counts
}

describe("requests", () => {
  // 31, 33
  it.live("a server that crashes in the middle of a thousand requests: each has one outcome, and none is doubled", () =>
    Effect.gen(function*() {
      const seen = new Map<number, number>()
      let sessions = 0
      const server = yield* WsServer.make((socket) => {
        const session = ++sessions
        let answered = 0
        socket.on("message", (data) => {
          const { id = 0 } = heard(data)
          seen.set(id, (seen.get(id) ?? 0) + 1)
          // Three sessions die of their 150th request.
          if (session <= 3 && ++answered === 150) socket.terminate()
          else socket.send(JSON.stringify({ id }))
        })
      })
      const { connection } = yield* connect(server.url, { reconnect: atOnce })
      const requests = yield* ask(connection)
      yield* connection.awaitOpen
      const ids = Array.from({ length: 1000 }, (_, id) => id)
      const outcomes = yield* Effect.forEach(ids, (id) => outcome(requests.request({ id })), { concurrency: 100 })
      const counts = tally(outcomes)
      assert.strictEqual(outcomes.length, 1000)
      assert.deepStrictEqual(Object.keys(counts).toSorted(), ["RequestLost, unknown", "reply"], JSON.stringify(counts))
      assert.isAtLeast(counts["RequestLost, unknown"]!, 3)
      for (const id of ids) {
        assert.isAtMost(seen.get(id) ?? 0, 1)
        if (outcomes[id] === "reply") assert.strictEqual(seen.get(id), 1)
      }
      assert.deepStrictEqual(yield* requests.counts, { inFlight: 0, late: 0 })
    }))

  it.live("those that may be repeated all have their reply", () =>
    Effect.gen(function*() {
      let heardOf = 0
      const server = yield* WsServer.make((socket) =>
        socket.on("message", (data) => {
          if (++heardOf % 200 === 0 && heardOf < 1200) socket.terminate()
          else socket.send(JSON.stringify(heard(data)))
        })
      )
      const { connection } = yield* connect(server.url, { reconnect: atOnce })
      const requests = yield* ask(connection)
      const outcomes = yield* Effect.forEach(
        Array.from({ length: 1000 }),
        (_, id) => outcome(requests.request({ id }, { retryOnReconnect: true })),
        { concurrency: 100 }
      )
      assert.deepStrictEqual(tally(outcomes), { reply: 1000 })
    }))

  // 31
  it.live("a reply and the peer's Close in one segment: the reply counts; a request made then is no silent success", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      const { connection, events } = yield* connect(server.url, { reconnect: atOnce })
      const requests = yield* ask(connection)
      const peer = yield* server.peer
      yield* connection.awaitOpen
      const first = yield* beside(outcome(requests.request({ id: 1 })))
      const second = yield* beside(outcome(requests.request({ id: 2 })))
      yield* peer.frameThat((frame) => frame.opcode === opcode.text)
      yield* peer.raw(Buffer.concat([
        encode({ opcode: opcode.text, payload: JSON.stringify({ id: 1 }) }),
        encode({ opcode: opcode.close, payload: Buffer.from([0x03, 0xe9]) })
      ]))
      assert.strictEqual(yield* Fiber.join(first), "reply")
      assert.strictEqual(yield* Fiber.join(second), "RequestLost, unknown")
      const third = yield* beside(outcome(requests.request({ id: 3 })))
      yield* events.next("Disconnected")
      const next = yield* server.peer
      yield* next.frameThat((frame) => frame.opcode === opcode.text)
      yield* next.send(JSON.stringify({ id: 3 }))
      assert.strictEqual(yield* Fiber.join(third), "reply")
    }))

  // 34
  it.live("interrupting a request that waits for room sends nothing later", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      const { connection } = yield* connect(server.url, { outbound: { highWaterMark: 64 * 1024 } })
      const requests = yield* ask(connection)
      const peer = yield* server.peer
      yield* connection.awaitOpen
      yield* peer.pauseReading
      const filling = yield* beside(Effect.forever(connection.send(new Uint8Array(256 * 1024))))
      yield* turns(50)
      const interrupted = yield* beside(requests.request({ id: 1 }))
      const asked = yield* beside(requests.request({ id: 2 }))
      yield* turns(5)
      assert.deepStrictEqual(yield* requests.counts, { inFlight: 2, late: 0 })
      yield* Fiber.interruptAll([filling, interrupted])
      yield* peer.resumeReading
      const { payload } = yield* peer.frameThat((frame) => frame.opcode === opcode.text)
      assert.deepStrictEqual(heard(payload), { id: 2 })
      yield* peer.send(JSON.stringify({ id: 2 }))
      assert.deepStrictEqual(yield* Fiber.join(asked), { id: 2 })
    }))
})

describe("subscriptions", () => {
  const subscribeTo = (connection: ConnectionService, replay?: Subscriptions.Options<Said, Said, string>["replay"]) =>
    Effect.flatMap(
      speak(connection),
      (protocol) =>
        Effect.map(Subscriptions.make({ protocol, keyOf: ({ key }) => key, replay }), (subscriptions) => ({
          protocol,
          subscribe: (key: string) =>
            subscriptions.subscribe({
              key,
              open: { op: "open", key },
              close: { op: "close", key },
              select: ({ n }) => n
            })
        }))
    )

  // 41
  it.live(
    "2 000 keys are open again after a crash, in order, before what the user sends, within the rate limit",
    () =>
      Effect.gen(function*() {
        const limit = 500
        const window = 300
        const sessions: Array<Array<{ readonly said: Said; readonly at: number }>> = []
        let latest: WebSocket | undefined
        const server = yield* WsServer.make((socket) => {
          latest = socket
          const told: typeof sessions[number] = []
          sessions.push(told)
          socket.on("message", (data) => told.push({ said: heard(data), at: performance.now() }))
        })
        const delays = yield* Effect.acquireRelease(
          Effect.sync(() => monitorEventLoopDelay({ resolution: 1 })),
          (histogram) => Effect.sync(() => histogram.disable())
        )
        const { connection, events } = yield* connect(server.url, { reconnect: atOnce })
        const { protocol, subscribe } = yield* subscribeTo(connection, {
          batch: 100,
          rateLimit: { limit, window: `${window} millis` }
        })
        const keys = Array.from({ length: 2000 }, (_, i) => `key ${i}`)
        let read = 0
        for (const key of keys) yield* beside(Stream.runForEach(subscribe(key), () => Effect.sync(() => read++)))
        yield* until(() => sessions[0]?.length === 2000)
        delays.enable()
        latest!.terminate()
        yield* events.next("Disconnected")
        yield* beside(protocol.send({ op: "user" }))
        yield* until(() => sessions[1]?.length === 2001)
        const told = sessions[1]!
        assert.deepStrictEqual(told.map(({ said }) => said.key ?? said.op), [...keys, "user"])
        // An arrival may be late by as long as the loop that both share stood still.
        const tolerance = delays.max / 1e6 + 10
        const gaps = told.slice(limit, 2000).map(({ at }, i) => at - told[i]!.at)
        assert.isAtLeast(Math.min(...gaps), window - tolerance)
        for (const key of keys) latest!.send(JSON.stringify({ key, n: 1 }))
        yield* until(() => read === 2000)
      }),
    30_000
  )

  it.live(
    "a server that is killed again and again, while subscribers come and go, is told nothing out of order",
    () =>
      Effect.gen(function*() {
        const wrong: Array<string> = []
        let sessions = 0
        const server = yield* WsServer.make((socket) => {
          sessions++
          const open = new Set<string>()
          let count = 0
          const ticking = setInterval(() => {
            for (const key of open) socket.send(JSON.stringify({ key, n: 1 }))
          }, 2)
          socket.on("close", () => clearInterval(ticking))
          socket.on("message", (data) => {
            const { key = "", op } = heard(data)
            const known = op === "open" ? !open.has(key) && open.add(key) : open.delete(key)
            if (known === false) wrong.push(`session ${sessions}: ${op} ${key}`)
            if (++count % 31 === 0) socket.terminate()
          })
        })
        const { connection } = yield* connect(server.url, { reconnect: atOnce })
        const { subscribe } = yield* subscribeTo(connection)
        // Each comes, waits for its first message, and goes, many times over; neighbours share a key.
        const live = (i: number) =>
          Effect.forEach(
            Array.from({ length: 40 }),
            () => Effect.andThen(Stream.runHead(subscribe(`key ${i >> 1}`)), turns(i % 3)),
            { discard: true }
          )
        const done = yield* Effect.exit(
          Effect.forEach(Array.from({ length: 20 }), (_, i) => live(i), { concurrency: "unbounded", discard: true })
            .pipe(Effect.timeout("20 seconds"))
        )
        assert.isTrue(Exit.isSuccess(done), String(done))
        assert.deepStrictEqual(wrong, [])
        // How often depends on how the subscribers meet: who shares a key says less.
        assert.isAbove(sessions, 3)
      }),
    30_000
  )
})
