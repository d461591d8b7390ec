// Whole connections over real sockets, under everything at once and in any order: the rules that always hold.
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { encode, opcode } from "../support/frames.ts"
import { atOnce, beside, type Connected, connectIn, turns, until } from "../support/realConnection.ts"
import type { RealPeer } from "../support/realPeer.ts"
import * as RealServer from "../support/realServer.ts"

/** See ConnectionStatus.ts. */
const edges: Readonly<Record<string, ReadonlyArray<string>>> = {
  Connecting: ["Open", "Waiting", "Closing", "Closed"],
  Open: ["Waiting", "Connecting", "Closing", "Closed"],
  Waiting: ["Connecting", "Closing", "Closed"],
  Closing: ["Closed"],
  Closed: []
}

/** A generator of numbers below a bound, the same for the same seed (mulberry32). */
const numbers = (seed: number) => (bound: number): number => {
  seed = (seed + 0x6d2b79f5) | 0
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed)
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
  return ((t ^ (t >>> 14)) >>> 0) % bound
}

const checkRules = ({ events, statuses }: Connected, seed: number): void => {
  const path = statuses.all.map(({ _tag }) => _tag)
  for (let i = 1; i < path.length; i++) {
    assert.include(
      edges[path[i - 1]!] ?? [],
      path[i],
      `seed ${seed}: ${path.slice(Math.max(0, i - 4), i + 1).join(" -> ")}`
    )
  }
  assert.strictEqual(path.at(-1), "Closed", `seed ${seed}`)
  // Every session ends once, and before the next one begins.
  let open: number | undefined
  let last = 0
  for (const event of events.log.all) {
    if (event._tag === "Opened") {
      assert.isUndefined(open, `seed ${seed}: session ${event.session} opened while ${open} was open`)
      assert.strictEqual(event.session, last + 1, `seed ${seed}`)
      open = last = event.session
    } else if (event._tag === "Disconnected") {
      assert.strictEqual(event.session, open, `seed ${seed}: session ${event.session} ended while ${open} was open`)
      open = undefined
    }
  }
  assert.isUndefined(open, `seed ${seed}: session ${open} has no end`)
  assert.strictEqual(events.log.all.filter(({ _tag }) => _tag === "Closed").length, 1, `seed ${seed}`)
}

describe("in any order", () => {
  it.live.each(Array.from({ length: 40 }, (_, index) => ({ seed: 1000 + index })))(
    "no illegal status, no session without its one end, no message out of order, nothing left (seed $seed)",
    ({ seed }) =>
      Effect.gen(function*() {
        const below = numbers(seed)
        const server = yield* RealServer.make()
        const peers: Array<RealPeer> = []
        yield* beside(Effect.forever(Effect.map(server.peer, (peer) => void peers.push(peer))))
        const scope = yield* Scope.make()
        const connected = yield* connectIn(scope, server.url, {
          reconnect: atOnce,
          timeout: "300 millis",
          closeTimeout: "200 millis",
          heartbeat: { interval: "40 millis", timeout: "200 millis" },
          inbound: { highWaterMark: 16 * 1024 },
          outbound: { highWaterMark: 16 * 1024 },
          ...(below(2) === 0 ? undefined : { greet: (session) => session.send("hello") })
        })
        const { connection } = connected
        const inside = yield* Scope.make()
        const fork = <A, E>(effect: Effect.Effect<A, E>) =>
          Effect.forkIn(Effect.exit(effect), inside, { startImmediately: true })
        const seen: Array<number> = []
        yield* fork(Stream.runForEach(connection.messages, (message) =>
          Effect.sync(() =>
            void seen.push(Number.parseInt(String(message)))
          )))
        let used = 0
        let released = 0
        yield* fork(connection.withSessions(() =>
          Effect.andThen(
            Effect.acquireRelease(
              Effect.sync(() =>
                used++
              ),
              () => Effect.sync(() => released++)
            ),
            Effect.never
          )
        ))
        let sent = 0
        let said = 0
        const sends: Array<Fiber.Fiber<Exit.Exit<void, unknown>>> = []
        const last = () => peers.at(-1)
        const onPeer = (act: (peer: RealPeer) => Effect.Effect<void>) =>
          Effect.suspend(() => last() === undefined ? Effect.void : act(last()!))
        const steps: ReadonlyArray<() => Effect.Effect<unknown, unknown>> = [
          () => Effect.map(fork(connection.send(`${sent++}`)), (fiber) => void sends.push(fiber)),
          () => Effect.map(fork(connection.send(`${sent++}`.padEnd(20_000, "."))), (fiber) => void sends.push(fiber)),
          () => onPeer((peer) => peer.send(`${said++}`)),
          () => onPeer((peer) => peer.send(`${said++}`.padEnd(20_000, "."))),
          () => onPeer((peer) => peer.ping),
          () => onPeer((peer) => peer.drop),
          // Node loses a handle that is reset while it is being shut down.
          () => onPeer((peer) => peer.socket.writable ? peer.reset : Effect.void),
          () => onPeer((peer) => peer.halfClose),
          () => onPeer((peer) => peer.close([1000, 1001, 1011, 4000][below(4)]!)),
          () => onPeer((peer) => peer.frame({ opcode: 3, payload: "bad" })),
          () => onPeer((peer) => peer.raw(encode({ opcode: opcode.text, payload: "part", length: 50 }))),
          () => onPeer((peer) => Effect.sync(() => void (peer.manners.close = peer.manners.hangUp = false))),
          () => onPeer((peer) => below(2) === 0 ? peer.pauseReading : peer.resumeReading),
          () => connection.reconnect({ code: 4000 + below(3) }),
          () => server.next.reject(503),
          () => server.next.refuse("ECONNREFUSED"),
          () => server.next.invalid("accept"),
          () => below(4) === 0 ? server.next.stall : Effect.void,
          () => Effect.map(fork(connection.awaitOpen), () => undefined),
          () => Effect.map(fork(connection.flush), () => undefined),
          () => Effect.suspend(() => sends.length === 0 ? Effect.void : Fiber.interrupt(sends[below(sends.length)]!)),
          () => below(12) === 0 ? fork(connection.close()) : Effect.void
        ]
        for (let i = 0; i < 150; i++) {
          yield* steps[below(steps.length)]!()
          const pause = below(4)
          if (pause > 0) yield* turns(pause * pause)
        }
        yield* Scope.close(scope, Exit.void)
        assert.strictEqual(yield* server.openLinks, 0, `seed ${seed}`)
        yield* until(() => connected.events.log.end === "done" && connected.statuses.end === "done")
        checkRules(connected, seed)
        // Every send has an outcome.
        for (const fiber of sends) yield* Fiber.await(fiber)
        yield* Scope.close(inside, Exit.void)
        assert.strictEqual(released, used, `seed ${seed}`)
        assert.deepStrictEqual(seen, seen.toSorted((a, b) => a - b), `seed ${seed}`)
        assert.strictEqual(new Set(seen).size, seen.length, `seed ${seed}`)
        for (const peer of peers) {
          yield* peer.resumeReading
          yield* peer.down
          // Some never hang up.
          peer.socket.destroy()
          const frames = yield* peer.frames
          const closes = frames.filter((frame) => frame.opcode === opcode.close).length
          assert.isAtMost(closes, 1, `seed ${seed}`)
          if (closes === 1) assert.strictEqual(frames.at(-1)!.opcode, opcode.close, `seed ${seed}: a frame after Close`)
        }
        // Across all sessions what arrived is in order, and nothing came twice.
        const arrived: Array<number> = []
        for (const peer of peers) {
          for (const message of yield* peer.received) {
            if (message !== "hello") arrived.push(Number.parseInt(String(message)))
          }
        }
        assert.deepStrictEqual(arrived, arrived.toSorted((a, b) => a - b), `seed ${seed}`)
        assert.strictEqual(new Set(arrived).size, arrived.length, `seed ${seed}`)
        yield* server.idle
      })
  )
})
