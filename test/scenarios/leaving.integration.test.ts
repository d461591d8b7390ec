// Whole connections over real sockets, closing: in every state, towards every peer, and ten thousand times over.
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import { spawn } from "node:child_process"
import { fileURLToPath } from "node:url"
import type * as NodeConnection from "../../src/node/NodeConnection.ts"
import { liveFibers } from "../setup/live-fibers.ts"
import { opcode, text } from "../support/frames.ts"
import {
  beside,
  connect,
  type Connected,
  onDemand,
  record,
  timed,
  turn,
  turns,
  until
} from "../support/realConnection.ts"
import type { RealPeer } from "../support/realPeer.ts"
import * as RealServer from "../support/realServer.ts"

const closesOf = (peer: RealPeer) =>
  Effect.map(
    peer.frames,
    (frames) => frames.filter((frame) => frame.opcode === opcode.close).map((frame) => frame.payload)
  )

const isUp = (connected: Connected, tag: string) => connected.statuses.thatFits((status) => status._tag === tag)

/** How to get a connection into a state. */
interface Place {
  readonly state: string
  readonly options?: Partial<NodeConnection.Options>
  readonly server?: (server: RealServer.RealServer) => Effect.Effect<void>
  readonly enter: (connected: Connected, server: RealServer.RealServer) => Effect.Effect<unknown, unknown, Scope.Scope>
}

const places: ReadonlyArray<Place> = [
  {
    state: "before its first use",
    options: { start: "lazy" },
    enter: () => Effect.void
  },
  {
    state: "making the credentials",
    options: { headers: Effect.never },
    enter: () => turn
  },
  {
    state: "dialling",
    server: (server) => server.stall,
    enter: (_, server) => server.connection
  },
  {
    state: "greeting",
    options: { greet: (session) => Effect.andThen(session.send("hello"), Effect.never) },
    enter: (_, server) => Effect.flatMap(server.peer, (peer) => peer.receive)
  },
  {
    state: "open",
    enter: ({ connection }) => connection.awaitOpen
  },
  {
    state: "open with a heartbeat whose ping is unanswered",
    options: { heartbeat: { interval: "20 millis", timeout: "10 seconds" } },
    enter: (_, server) =>
      Effect.flatMap(server.peer, (peer) => {
        peer.manners.pong = false
        return peer.frameThat((frame) => frame.opcode === opcode.ping)
      })
  },
  {
    state: "paused",
    options: { inbound: { highWaterMark: 1024 } },
    enter: ({ connection, events }, server) =>
      Effect.gen(function*() {
        yield* Effect.asVoid(connection.subscribe)
        const peer = yield* server.peer
        for (let i = 0; i < 100; i++) yield* peer.send("x".repeat(4096))
        yield* events.next("Paused")
      })
  },
  {
    state: "draining",
    options: { outbound: { highWaterMark: 1024 } },
    enter: ({ connection }, server) =>
      Effect.gen(function*() {
        yield* connection.awaitOpen
        const peer = yield* server.peer
        yield* peer.pauseReading
        const sending = yield* beside(Effect.ignore(connection.sendAll(forever())))
        yield* turns(200)
        assert.isUndefined(sending.pollUnsafe())
      })
  },
  {
    state: "waiting",
    options: { reconnect: onDemand },
    server: (server) => server.reject(503),
    enter: (connected) => isUp(connected, "Waiting")
  },
  {
    state: "closing",
    options: { closeTimeout: "300 millis" },
    enter: (connected, server) =>
      Effect.gen(function*() {
        yield* connected.connection.awaitOpen
        const peer = yield* server.peer
        peer.manners.close = false
        yield* beside(connected.connection.close({ code: 4000, reason: "first" }))
        yield* isUp(connected, "Closing")
      })
  },
  {
    state: "closed",
    enter: ({ connection }) => Effect.andThen(connection.awaitOpen, connection.close())
  }
]

describe("leaving", () => {
  // 35
  it.live.each(places)(
    "the scope is closed $state: at most one Close frame, everything released, Closed is told",
    ({ enter, options, server: behave }) =>
      Effect.gen(function*() {
        const server = yield* RealServer.make()
        const peers: Array<RealPeer> = []
        yield* beside(Effect.forever(Effect.map(server.peer, (peer) => peers.push(peer))))
        if (behave !== undefined) yield* behave(server)
        const fibers = liveFibers()
        const scope = yield* Scope.make()
        const connected = yield* Scope.provide(connect(server.url, options), scope)
        const told = yield* record(connected.connection.changes)
        // The peers are there to be taken a second time.
        const view = { ...server, peer: Effect.andThen(until(() => peers.length > 0), Effect.sync(() => peers[0]!)) }
        const inside = yield* Scope.make()
        yield* Scope.provide(enter(connected, view), inside)
        const [, took] = yield* timed(Scope.close(scope, Exit.void))
        assert.isBelow(took, 2500)
        assert.strictEqual((yield* connected.connection.status)._tag, "Closed")
        assert.strictEqual(told.all.at(-1)?._tag, "Closed")
        assert.strictEqual(yield* server.openLinks, 0)
        yield* Scope.close(inside, Exit.void)
        for (const peer of peers) {
          yield* peer.resumeReading
          yield* peer.down
          assert.isAtMost((yield* closesOf(peer)).length, 1)
        }
        yield* server.idle
        yield* turns(3)
        // The one that records the statuses here has ended, too.
        assert.isAtMost(liveFibers(), fibers)
      })
  )

  it.live("the scope is closed at every await point between the dial and the open session", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      let opened = 0
      for (let pause = 0; pause < 100 && opened < 10; pause++) {
        const scope = yield* Scope.make()
        const { connection } = yield* Scope.provide(
          connect(server.url, {
            heartbeat: { interval: "1 second", timeout: "1 second" },
            greet: (session) => session.send("hello")
          }),
          scope
        )
        yield* turns(pause)
        const before = yield* connection.status
        yield* Scope.close(scope, Exit.void)
        if (before._tag === "Open") opened++
        assert.strictEqual((yield* connection.status)._tag, "Closed", `after ${pause} turns`)
        assert.strictEqual(yield* server.openLinks, 0, `after ${pause} turns`)
      }
      assert.strictEqual(opened, 10)
      yield* server.idle
    }))

  it.live("the scope is closed at every await point of a close that is under way: one Close frame", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      for (let pause = 0; pause < 20; pause++) {
        const scope = yield* Scope.make()
        const { connection } = yield* Scope.provide(connect(server.url), scope)
        const peer = yield* server.peer
        yield* connection.awaitOpen
        const closing = yield* beside(connection.close({ code: 4000 }))
        yield* turns(pause)
        yield* Scope.close(scope, Exit.void)
        yield* Fiber.join(closing)
        yield* peer.down
        assert.deepStrictEqual(
          (yield* closesOf(peer)).map((body) => body.readUInt16BE(0)),
          [4000],
          `after ${pause} turns`
        )
      }
      yield* server.idle
    }))

  it.live("what a session acquired is released in reverse order, before the socket and after what it started", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      const order: Array<string> = []
      const releases = (name: string) =>
        Effect.acquireRelease(Effect.void, () => Effect.sync(() => void order.push(`release ${name}`)))
      const scope = yield* Scope.make()
      const { connection } = yield* Scope.provide(
        connect(server.url, {
          greet: () =>
            Effect.gen(function*() {
              yield* releases("greet's first")
              yield* releases("greet's second")
              yield* Effect.forkScoped(
                Effect.onInterrupt(Effect.never, () => Effect.sync(() => void order.push("interrupt greet's fiber")))
              )
            })
        }),
        scope
      )
      const peer = yield* server.peer
      const using = yield* beside(connection.withSessions(() =>
        Effect.gen(function*() {
          yield* releases("use's first")
          yield* releases("use's second")
          return yield* Effect.never
        })
      ))
      yield* connection.awaitOpen
      yield* turns(3)
      yield* Scope.close(scope, Exit.void)
      yield* Fiber.join(using)
      yield* peer.down
      assert.deepStrictEqual(order, [
        "release use's second",
        "release use's first",
        "interrupt greet's fiber",
        "release greet's second",
        "release greet's first"
      ])
      const [body] = yield* closesOf(peer)
      assert.strictEqual(body?.readUInt16BE(0), 1000)
    }))

  it.live("what was sent goes out before the Close, and the peer reads it", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      const scope = yield* Scope.make()
      const { connection } = yield* Scope.provide(
        connect(server.url, { closeCode: 4321, closeTimeout: "10 seconds" }),
        scope
      )
      const peer = yield* server.peer
      yield* connection.awaitOpen
      for (let i = 0; i < 200; i++) yield* connection.send(`${i}`.padEnd(1024, "."))
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual((yield* peer.received).length, 200)
      assert.deepStrictEqual(yield* peer.closed, { code: 4321, reason: "" })
    }))

  // 36
  it.live.each([
    { hole: "that swallows everything", inbound: true, outbound: true, full: false },
    { hole: "whose answers are lost", inbound: true, outbound: false, full: false },
    { hole: "that stopped reading while sends are suspended", inbound: true, outbound: true, full: true }
  ])(
    "closing towards a half-open peer $hole takes at most closeTimeout",
    ({ full, inbound, outbound }) =>
      Effect.gen(function*() {
        const server = yield* RealServer.make()
        const { connection, events } = yield* connect(server.url, { closeTimeout: "400 millis" })
        const peer = yield* server.peer
        yield* connection.awaitOpen
        yield* peer.blackhole({ inbound, outbound })
        const sending = full
          ? yield* Effect.tap(
            Effect.tap(beside(Effect.flip(connection.sendAll(forever()))), () => peer.pauseReading),
            () => turns(200)
          )
          : undefined
        const [, took] = yield* timed(connection.close())
        assert.isAtLeast(took, 390)
        assert.isBelow(took, 2000)
        assert.strictEqual(yield* server.openLinks, 0)
        yield* connection.await
        if (sending === undefined) return
        const error = yield* Fiber.join(sending)
        assert(error.reason._tag === "SendFailed")
        assert.strictEqual(error.reason.delivery, "notSent")
        yield* until(() => events.of("Closed").length > 0)
        assert.isAbove(events.of("Disconnected")[0]?.unflushed.messages ?? 0, 0)
      })
  )

  it.live("a peer that answers the Close and never ends TCP does not hold the close up for long", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      const { connection } = yield* connect(server.url, { closeTimeout: "10 seconds" })
      const peer = yield* server.peer
      yield* connection.awaitOpen
      peer.manners.hangUp = false
      const [, took] = yield* timed(connection.close())
      assert.isBelow(took, 5000)
      assert.strictEqual(yield* server.openLinks, 0)
      assert.strictEqual((yield* closesOf(peer)).length, 1)
    }))

  it.live("messages that arrived before our Close are read to the end, then the stream ends", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      const { connection } = yield* connect(server.url)
      const pull = yield* connection.subscribe
      const peer = yield* server.peer
      yield* peer.raw(Buffer.concat([text("one"), text("two")]))
      const early = yield* record(connection.messages)
      yield* early.count(2)
      yield* connection.close()
      assert.deepStrictEqual(yield* pull, ["one", "two"])
      assert.strictEqual((yield* Effect.exit(pull))._tag, "Failure")
      assert.strictEqual(yield* early.over, "done")
    }))

  // 37
  it.live.each(["open", "dialling", "greeting", "credentials", "waiting"])(
    "no timer or handle keeps the process alive after the scope was closed (%s)",
    (state) =>
      Effect.gen(function*() {
        const server = yield* RealServer.make()
        if (state === "dialling") yield* server.stall
        if (state === "waiting") yield* server.reject(429, { headers: { "retry-after": "3600" } })
        const { code, errors, lingered, output } = yield* runProgram([fixture("leaves"), state, server.url])
        assert.strictEqual(errors, "")
        assert.include(output, "closed")
        assert.strictEqual(code, 0)
        // The default of every timer of ours is seconds.
        assert.isBelow(lingered, 1500)
      })
  )

  // 38
  it.live(
    "10 000 sessions opened and lost: heap, descriptors, fibers and listeners are flat",
    () =>
      Effect.gen(function*() {
        // In a process of its own: nothing else comes and goes there. Caches and compiled code are there by the first.
        const { code, errors, output } = yield* runProgram([fixture("churn"), "1000", "11000"])
        assert.strictEqual(errors, "")
        assert.strictEqual(code, 0)
        const [before, after]: ReadonlyArray<Record<string, number>> = JSON.parse(output)
        assert(before !== undefined && after !== undefined)
        assert.isAtLeast(after["sessions"]! - before["sessions"]!, 9990)
        // One object of 150 bytes kept for each session would be more than that.
        assert.isBelow(after["heap"]! - before["heap"]!, 1_500_000, JSON.stringify([before, after]))
        assert.isAtMost(after["descriptors"]!, before["descriptors"]! + 4)
        assert.isAtMost(after["fibers"]!, before["fibers"]! + 8)
        assert.isAtMost(after["listeners"]!, before["listeners"]!)
      }),
    300_000
  )
})

function* forever(): Generator<Uint8Array> {
  while (true) yield new Uint8Array(64 * 1024)
}

const fixture = (name: string): string => fileURLToPath(new URL(`./fixtures/${name}.ts`, import.meta.url))

/** Runs a program of its own process to its natural end. */
const runProgram = (args: ReadonlyArray<string>) =>
  Effect.callback<{ code: number | null; output: string; errors: string; lingered: number }>((resume) => {
    const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", ...args], {
      stdio: ["ignore", "pipe", "pipe"]
    })
    let output = ""
    let errors = ""
    let closedAt = Number.POSITIVE_INFINITY
    child.stdout.on("data", (chunk: Buffer) => {
      output += chunk.toString()
      if (output.includes("closed")) closedAt = Math.min(closedAt, performance.now())
    })
    child.stderr.on("data", (chunk: Buffer) => {
      errors += chunk.toString()
    })
    child.on(
      "close",
      (code) => resume(Effect.succeed({ code, output, errors, lingered: performance.now() - closedAt }))
    )
    return Effect.sync(() => child.kill("SIGKILL"))
  })
