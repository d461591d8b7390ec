// A Holdfast client with the public API only, and everything that it tells, with the times.
import { Effect, Exit, References, Scope, Stream } from "effect"
import { type Connection, type ConnectionEvent, Reconnect } from "holdfast"
import { NodeConnection } from "holdfast/node"
import { Notice } from "../test/support/notice.ts"
import { Books } from "./feed/books.ts"

type Event = ConnectionEvent.ConnectionEvent
type Tag = Event["_tag"]
export type EventOf<T extends Tag> = Extract<Event, { readonly _tag: T }>

/** An event, and when we heard of it, in milliseconds of `performance.now()`. */
export interface Heard<T extends Tag = Tag> {
  readonly at: number
  readonly event: EventOf<T>
}

/** A ping after 400 ms of silence; 400 ms for the answer. */
export const heartbeat = { interval: "400 millis", timeout: "400 millis" } as const

/** The sum of both, in milliseconds. */
export const patience = 800

/** Short waits, so that a row takes seconds. */
export const pace = { first: "200 millis", base: "100 millis", cap: "500 millis" } as const

export type Options = Partial<NodeConnection.Options>

export class Client {
  readonly connection: Connection.ConnectionService
  readonly heard: Array<Heard> = []
  readonly books = new Books()
  readonly notice = new Notice()
  /** The last number of ours whose `send` succeeded. */
  sent = 0
  private readonly scope: Scope.Closeable

  constructor(connection: Connection.ConnectionService, scope: Scope.Closeable) {
    this.connection = connection
    this.scope = scope
  }

  /** Closes the scope that the connection lives in. */
  get leave(): Effect.Effect<void> {
    return Scope.close(this.scope, Exit.void)
  }

  of<T extends Tag>(tag: T, since = 0): ReadonlyArray<Heard<T>> {
    return this.heard.flatMap(({ at, event }) => at >= since && isA(tag, event) ? [{ at, event }] : [])
  }

  /** Waits for the first with that tag since then. */
  first<T extends Tag>(tag: T, since = 0): Effect.Effect<Heard<T>> {
    return this.notice.when(() => this.of(tag, since)[0])
  }

  /** Waits until so many with that tag were heard. */
  count(tag: Tag, atLeast: number, since = 0): Effect.Effect<void> {
    return Effect.asVoid(this.notice.when(() => this.of(tag, since).length >= atLeast || undefined))
  }

  /** Waits until so many messages have come from now on. */
  more(messages: number): Effect.Effect<void> {
    return Effect.suspend(() => {
      const wanted = this.books.messages + messages
      return Effect.asVoid(this.notice.when(() => this.books.messages >= wanted || undefined))
    })
  }

  /** Every reason for which an attempt or a session ended, in short. */
  get reasons(): ReadonlyArray<string> {
    return this.heard.flatMap(({ event }) =>
      event._tag === "Disconnected" || event._tag === "AttemptFailed" ? [describe(event)] : []
    )
  }
}

const isA = <T extends Tag>(tag: T, event: Event): event is EventOf<T> => event._tag === tag

/** The reason's tag, with what tells it from others of its kind. */
export const describe = ({ error: { reason } }: EventOf<"AttemptFailed" | "Disconnected">): string => {
  switch (reason._tag) {
    case "HandshakeRejected":
      return `${reason._tag} ${reason.status}`
    case "HandshakeInvalid":
      return `${reason._tag} ${reason.check}`
    case "HandshakeTimeout":
      return `${reason._tag} ${reason.phase}`
    case "ConnectFailed":
      return `${reason._tag} ${reason.code}`
    case "AbnormalClosure":
      return codeOf(reason.cause) === undefined ? reason._tag : `${reason._tag} ${codeOf(reason.cause)}`
    default:
      return reason._tag
  }
}

const codeOf = (cause: unknown): string | undefined =>
  typeof cause === "object" && cause !== null && "code" in cause && typeof cause.code === "string"
    ? cause.code
    : undefined

/** A connection for the life of the scope, whose messages are booked; it dials at once. */
export const connect = (url: string, options: Options = {}): Effect.Effect<Client, never, Scope.Scope> =>
  Effect.gen(function*() {
    const scope = yield* Scope.make()
    yield* Effect.addFinalizer(() => Scope.close(scope, Exit.void))
    const all: NodeConnection.Options = {
      url,
      heartbeat,
      reconnect: { schedule: Reconnect.schedule(pace), resetAfter: "1 second" },
      timeout: "2 seconds",
      closeTimeout: "500 millis",
      start: "lazy",
      ...options
    }
    const connection = yield* NodeConnection.make(all).pipe(
      Effect.provideService(References.MinimumLogLevel, "None"),
      Scope.provide(scope),
      Effect.orDie
    )
    const client = new Client(connection, scope)
    const { heard, notice } = client
    yield* connection.events.pipe(
      Stream.runForEach((event) =>
        Effect.sync(() => {
          heard.push({ at: performance.now(), event })
          notice.notify()
        })
      ),
      Effect.forkIn(scope, { startImmediately: true })
    )
    yield* Scope.provide(
      connection.listen((message) => {
        client.books.receive(String(message))
        notice.notify()
      }),
      scope
    )
    return client
  })

/** Sends a number of ours every so many milliseconds, as long as the scope is open; a send waits out an outage. */
export const chatter = (client: Client, every: number): Effect.Effect<void, never, Scope.Scope> =>
  Effect.gen(function*() {
    let number = client.sent
    yield* Effect.suspend(() => client.connection.send(String(++number))).pipe(
      Effect.tap(() => Effect.sync(() => (client.sent = number))),
      Effect.andThen(Effect.sleep(every)),
      Effect.forever,
      Effect.ignore,
      Effect.forkScoped
    )
  })
