// What the cases of the behaviour suite stand on.
import { it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Headers from "effect/http/Headers"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { TestClock } from "effect/testing"
import { ConnectionError, type Reason } from "../../../src/ConnectionError.ts"
import type { HandshakeRequest } from "../../../src/Handshake.ts"
import { verifyWith } from "../../../src/internal/verify.ts"
import type { Link, Message } from "../../../src/Link.ts"
import type { TestPeer, TestServer } from "../../../src/testing/TestServer.ts"
import { type Capabilities, type DialPhase, Transport } from "../../../src/Transport.ts"

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

export interface Bench {
  readonly server: TestServer
  readonly transport: Transport["Service"]
  readonly dial: (
    request?: Partial<HandshakeRequest>,
    progress?: (phase: DialPhase) => void
  ) => Effect.Effect<Link, ConnectionError, Scope.Scope>
}

const verify = verifyWith({ requireSubprotocol: true })

export const bytes = (...values: ReadonlyArray<number>): Uint8Array => new Uint8Array(values)

/** The next `count` messages. */
export const take = Effect.fnUntraced(function*(link: Link, count: number) {
  const messages: Array<Message> = []
  while (messages.length < count) messages.push(...(yield* link.pull))
  return messages
})

export const sendEach = (peer: TestPeer, messages: ReadonlyArray<Message>): Effect.Effect<void> =>
  Effect.forEach(messages, (message) => peer.send(message), { discard: true })

/** Everything until the end, and the end. */
export const drain = Effect.fnUntraced(function*(link: Link) {
  const messages: Array<Message> = []
  while (true) {
    const result = yield* Effect.result(link.pull)
    if (result._tag === "Success") messages.push(...result.success)
    else if (result.failure instanceof ConnectionError) return { messages, error: result.failure }
    else return yield* Effect.die("a link's pull is never done")
  }
})

/** Waits until something is so, in turns of the scheduler: it must not take time. */
export const until = (condition: Effect.Effect<boolean>): Effect.Effect<void> =>
  Effect.flatMap(condition, (holds) => holds ? Effect.void : Effect.andThen(Effect.yieldNow, until(condition)))

export const reasonOf = <A, R>(effect: Effect.Effect<A, ConnectionError, R>): Effect.Effect<Reason, A, R> =>
  Effect.map(Effect.flip(effect), (error) => error.reason)

/** An assertion would take its time to describe a difference in 300 000 bytes. */
export const same = (a: Message | undefined, b: Uint8Array): boolean =>
  a instanceof Uint8Array && a.length === b.length && a.every((value, index) => value === b[index])

type Test = (name: string, body: (bench: Bench) => Effect.Effect<void, unknown, Scope.Scope>) => void

/** What a case is declared with. */
export interface Cases {
  readonly capabilities: Capabilities
  readonly test: Test
  /** Declares a case only where the transport can do what it needs. */
  readonly testWhere: (able: boolean) => Test
  /** A link and its peer. */
  readonly open: (
    bench: Bench
  ) => Effect.Effect<{ readonly link: Link; readonly peer: TestPeer }, ConnectionError, Scope.Scope>
  /** Some time passes: to see that nothing happens in it, or that it was noticed. */
  readonly pass: Effect.Effect<void>
}

export const casesFor = (harness: TransportHarness): Cases => {
  const test: Test = (name, body) => {
    const run = () =>
      Effect.gen(function*() {
        const { layer, server, url } = yield* harness.make
        const transport = Context.get(yield* Layer.build(layer), Transport)
        const usual = {
          url,
          headers: Headers.empty,
          subprotocols: [],
          extensions: transport.extensions,
          attempt: 3,
          endpoint: url
        }
        yield* body({
          server,
          transport,
          dial: (request, progress) => transport.dial({ ...usual, ...request }, verify, progress)
        })
      })
    if (harness.it === "virtual") it.effect(name, run)
    else it.live(name, run, 30_000)
  }
  return {
    capabilities: harness.capabilities,
    test,
    testWhere: (able) => able ? test : () => {},
    open: Effect.fnUntraced(function*({ dial, server }) {
      const link = yield* dial()
      return { link, peer: yield* server.peer }
    }),
    pass: harness.it === "virtual" ? TestClock.adjust("1 second") : Effect.sleep("30 millis")
  }
}
