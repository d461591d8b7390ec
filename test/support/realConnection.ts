// A connection over real sockets, and everything that it tells.
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as References from "effect/References"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { createServer } from "node:net"
import type { ConnectionService } from "../../src/Connection.ts"
import type { ConnectionError } from "../../src/ConnectionError.ts"
import type { ConnectionEvent } from "../../src/ConnectionEvent.ts"
import type { ConnectionStatus } from "../../src/ConnectionStatus.ts"
import type { Message } from "../../src/Link.ts"
import * as NodeConnection from "../../src/node/NodeConnection.ts"
import type { Recovery } from "../../src/Recovery.ts"
import { retry } from "../../src/Recovery.ts"
import { Notice } from "./notice.ts"

type Tag = ConnectionEvent["_tag"]
type EventOf<T extends Tag> = Extract<ConnectionEvent, { readonly _tag: T }>

/** What a stream has emitted so far, and a way to wait for more. */
export class Log<A> {
  readonly all: Array<A> = []
  readonly notice = new Notice()
  end: "running" | "done" | "failed" = "running"

  add(value: A): void {
    this.all.push(value)
    this.notice.notify()
  }

  /** Waits until something has come that fits. */
  thatFits(fits: (value: A) => boolean): Effect.Effect<A> {
    return this.notice.when(() => this.all.find(fits))
  }

  /** Waits until so much has come. */
  count(atLeast: number): Effect.Effect<ReadonlyArray<A>> {
    return this.notice.when(() => this.all.length >= atLeast ? this.all : undefined)
  }

  get over(): Effect.Effect<"done" | "failed"> {
    return this.notice.when(() => this.end === "running" ? undefined : this.end)
  }
}

/** Keeps what a stream emits from now on. */
export const record = <A, E>(stream: Stream.Stream<A, E>): Effect.Effect<Log<A>, never, Scope.Scope> =>
  Effect.gen(function*() {
    const log = new Log<A>()
    yield* Effect.forkScoped(
      Effect.matchCause(Stream.runForEach(stream, (value) => Effect.sync(() => log.add(value))), {
        onSuccess: () => {
          log.end = "done"
          log.notice.notify()
        },
        onFailure: () => {
          log.end = "failed"
          log.notice.notify()
        }
      }),
      { startImmediately: true }
    )
    return log
  })

/** The events of a connection. */
export class Events {
  readonly log: Log<ConnectionEvent>
  private readonly taken = new Map<Tag, number>()

  constructor(log: Log<ConnectionEvent>) {
    this.log = log
  }

  /** Those with that tag, so far. */
  of<T extends Tag>(tag: T): ReadonlyArray<EventOf<T>> {
    return this.log.all.filter((event): event is EventOf<T> => event._tag === tag)
  }

  /** Waits for the next with that tag: each is given once. */
  next<T extends Tag>(tag: T): Effect.Effect<EventOf<T>> {
    return Effect.suspend(() => {
      const index = this.taken.get(tag) ?? 0
      this.taken.set(tag, index + 1)
      return this.log.notice.when(() => this.of(tag)[index])
    })
  }

  get tags(): ReadonlyArray<Tag> {
    return this.log.all.map((event) => event._tag)
  }
}

export interface Connected {
  readonly connection: ConnectionService
  readonly events: Events
  readonly statuses: Log<ConnectionStatus>
}

/** Dials again at once, whatever happened. */
export const atOnce = { schedule: Schedule.spaced(0), classify: (): Recovery => retry() } as const

/** Dials again when `connection.reconnect` says so. */
export const onDemand = { schedule: Schedule.spaced("1 hour"), classify: (): Recovery => retry() } as const

/**
 * A connection for the life of the scope. Unless told otherwise it has no
 * heartbeat, dials again at once by the default classification, and takes at
 * most 300 ms to close.
 */
export const connect = <RHeaders = never, RGreet = never>(
  url: string,
  options: Partial<NodeConnection.Options<never, RHeaders, never, RGreet>> = {}
): Effect.Effect<Connected, ConnectionError, Scope.Scope | Exclude<RHeaders | RGreet, Scope.Scope>> =>
  Effect.flatMap(Effect.scope, (scope) => connectIn(scope, url, options))

/** The same for the life of another scope than the one in which it is recorded what it tells. */
export const connectIn = <RHeaders = never, RGreet = never>(
  scope: Scope.Scope,
  url: string,
  options: Partial<NodeConnection.Options<never, RHeaders, never, RGreet>> = {}
): Effect.Effect<Connected, ConnectionError, Scope.Scope | Exclude<RHeaders | RGreet, Scope.Scope>> =>
  Effect.gen(function*() {
    const all: NodeConnection.Options<never, RHeaders, never, RGreet> = {
      url,
      heartbeat: false,
      reconnect: { schedule: Schedule.spaced(0) },
      closeTimeout: "300 millis",
      ...options
    }
    const connection = yield* NodeConnection.make(all).pipe(
      // Giving up is what many tests are about; errors are still told.
      Effect.provideService(References.MinimumLogLevel, "Error"),
      Scope.provide(scope)
    )
    const events = new Events(yield* record(connection.events))
    const statuses = yield* record(connection.changes)
    return { connection, events, statuses }
  })

/** The messages of a connection from now on. */
export const received = (connection: ConnectionService): Effect.Effect<Log<Message>, never, Scope.Scope> =>
  record(connection.messages)

/** Starts an effect beside the test, at once. */
export const beside = <A, E, R>(
  effect: Effect.Effect<A, E, R>
): Effect.Effect<Fiber.Fiber<A, E>, never, R | Scope.Scope> => Effect.forkScoped(effect, { startImmediately: true })

/** One turn of the event loop. */
export const turn: Effect.Effect<void> = Effect.callback((resume) => void setImmediate(() => resume(Effect.void)))

export const turns = (count: number): Effect.Effect<void> =>
  Effect.forEach(Array.from({ length: count }), () => turn, { discard: true })

/** Waits until something holds, a turn of the event loop at a time. */
export const until = (holds: () => boolean): Effect.Effect<void> =>
  Effect.suspend(() => holds() ? Effect.void : Effect.flatMap(turn, () => until(holds)))

/** How long an effect took, in milliseconds. */
export const timed = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<readonly [A, number], E, R> =>
  Effect.suspend(() => {
    const begun = performance.now()
    return Effect.map(effect, (value) => [value, performance.now() - begun] as const)
  })

/** A port on which nobody listens. */
export const closedPort: Effect.Effect<number> = Effect.callback((resume) => {
  const server = createServer()
  server.listen(0, "127.0.0.1", () => {
    const address = server.address()
    const port = typeof address === "object" && address !== null ? address.port : 0
    server.close(() => resume(Effect.succeed(port)))
  })
})
