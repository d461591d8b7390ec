// The connection under simulation, with the parts that its options ask for, and all that it tells about itself.
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Connection from "../src/Connection.ts"
import type { ConnectionError } from "../src/ConnectionError.ts"
import type { ConnectionEvent } from "../src/ConnectionEvent.ts"
import type { ConnectionStatus } from "../src/ConnectionStatus.ts"
import * as Handshake from "../src/Handshake.ts"
import * as Heartbeat from "../src/Heartbeat.ts"
import type { Link } from "../src/Link.ts"
import * as Reconnect from "../src/Reconnect.ts"
import * as Recovery from "../src/Recovery.ts"
import type { TestServer } from "../src/testing/TestServer.ts"
import * as TestTransport from "../src/testing/TestTransport.ts"
import { Transport } from "../src/Transport.ts"
import * as program from "./program.ts"
import { Wire } from "./wire.ts"
import type { World } from "./world.ts"

export interface Told {
  readonly at: number
  readonly event: ConnectionEvent
  /** How many links had been made by then. */
  readonly links: number
}

/** The events of the life of a connection, in its order: others tell of what happens meanwhile. */
export class Client {
  readonly statuses: Array<ConnectionStatus> = []
  readonly events: Array<Told> = []
  readonly dials: Array<number> = []
  /** Sockets that the peer accepted, in order: the n-th is the n-th peer's. */
  readonly links: Array<Link> = []
  /** What was handed to them. */
  readonly wire: Wire
  /** Links that were live when another was dialled. */
  readonly doubled: Array<number> = []
  /** The links that were greeted to the end. */
  readonly greeted = new Set<number>()
  /** Called with the id of every session, as soon as `changes` tells of it. */
  onOpen: (session: number) => void = () => {}
  /** Called as soon as there is a connection. */
  onMade: () => void = () => {}
  connection: Connection.ConnectionService | undefined = undefined
  server!: TestServer
  private readonly world: World
  readonly options: program.Options

  constructor(world: World, options: program.Options) {
    this.world = world
    this.options = options
    this.wire = new Wire(world)
  }

  get status(): ConnectionStatus | undefined {
    return this.connection === undefined ? undefined : Effect.runSync(this.connection.status)
  }

  /** The id of the session that is open. */
  get session(): number | undefined {
    const { status } = this
    return status?._tag === "Open" ? status.session : undefined
  }

  /** Makes the network, in `scope`. */
  readonly network = (scope: Scope.Scope): Effect.Effect<TestTransport.TestTransport> =>
    Effect.tap(
      Scope.provide(TestTransport.makeWith({ capabilities: { pause: this.options.canPause } }), scope),
      ({ server }) =>
        Effect.sync(() => {
          this.server = server
        })
    )

  /** Makes the connection, in `scope`, and listens to what it tells. */
  readonly open = (network: TestTransport.TestTransport, scope: Scope.Scope): Effect.Effect<void> =>
    Effect.gen({ self: this }, function*() {
      const transport = Context.get(yield* Layer.build(network.layer), Transport)
      const parts = Context.empty().pipe(
        Context.add(Transport, this.tapped(transport)),
        Context.add(Handshake.Handshake, yield* this.handshake),
        Context.add(Heartbeat.Heartbeat, Context.get(yield* Layer.build(this.heartbeat), Heartbeat.Heartbeat)),
        Context.add(Reconnect.Reconnect, yield* this.reconnect)
      )
      const made = yield* Effect.exit(Effect.provideContext(Connection.make(this.connectionOptions), parts))
      if (Exit.isFailure(made)) {
        if (Exit.hasDies(made)) return yield* Effect.failCause(made.cause)
        return
      }
      const connection = this.connection = made.value
      this.onMade()
      yield* this.listen(connection.changes, (status) => {
        this.statuses.push(status)
        if (status._tag === "Open") this.onOpen(status.session)
      })
      yield* this.listen(
        connection.events,
        (event) => this.events.push({ at: this.world.now, event, links: this.links.length })
      )
    }).pipe(Scope.provide(scope), Effect.orDie)

  private listen<A>(stream: Stream.Stream<A>, hear: (value: A) => void): Effect.Effect<unknown> {
    return Effect.forkDetach(Stream.runForEach(stream, (value) => Effect.sync(() => hear(value))), {
      startImmediately: true
    })
  }

  private get connectionOptions(): Connection.ConnectionOptions {
    const { inboundMark, outboundMark, overflow, rateLimit, start, unread, whileDisconnected } = this.options
    return {
      // A connection that waits for its first session is watched from then on only.
      start,
      closeTimeout: program.closeTimeout,
      inbound: { highWaterMark: inboundMark, overflow, unread, maxPause: program.maxPause },
      outbound: {
        highWaterMark: outboundMark,
        whileDisconnected,
        rateLimit: rateLimit === "none" ? undefined : rateLimit
      }
    }
  }

  private tapped(transport: Transport["Service"]): Transport["Service"] {
    return {
      ...transport,
      dial: (request, verify, progress) =>
        Effect.suspend(() => {
          this.dials.push(this.world.now)
          this.links.forEach((link, i) => {
            if (link.writable()) this.doubled.push(i + 1)
          })
          return Effect.tap(
            transport.dial(request, verify, progress),
            (link) => Effect.sync(() => this.wire.tap(link, this.links.push(link)))
          )
        })
    }
  }

  private get handshake() {
    const kind = this.options.greet
    let attempts = 0
    const greet = (session: Handshake.GreetSession): Effect.Effect<unknown, unknown, Scope.Scope> =>
      Effect.gen({ self: this }, function*() {
        const link = this.links.length
        yield* session.send("hello")
        if (kind === "dialogue") {
          yield* session.receive
          yield* session.send("hello again")
        }
        if (kind === "fails" && ++attempts % 3 === 1) return yield* Effect.fail("not today")
        if (kind === "fork fails") {
          yield* Effect.forkScoped(Effect.andThen(Effect.sleep(3_000), Effect.fail("lost its token")))
        }
        this.greeted.add(link)
      })
    return Handshake.make({
      url: "ws://server.test/feed",
      timeout: program.dialTimeout,
      greetTimeout: program.greetTimeout,
      greet: kind === "none" ? undefined : greet
    })
  }

  private get heartbeat(): Layer.Layer<Heartbeat.Heartbeat, ConnectionError> {
    const ping = Heartbeat.layer(program.heartbeat)
    const idle = Heartbeat.layerIdle({ within: "10 seconds" })
    switch (this.options.heartbeat) {
      case "none":
        return Heartbeat.layerNone
      case "ping":
        return ping
      case "message":
        return Heartbeat.layerMessage({
          ...program.heartbeat,
          message: "beat",
          isReply: (message) => message === "ack"
        })
      case "idle":
        return idle
      case "both":
        return Heartbeat.all([ping, idle])
    }
  }

  private get reconnect() {
    return Reconnect.make({
      schedule: scheduleOf(this.options.pace),
      resetAfter: this.options.resetAfter,
      classify: classifications[this.options.classify]
    })
  }
}

const scheduleOf = (pace: program.Pace): Schedule.Schedule<unknown, ConnectionError> => {
  switch (pace.kind) {
    case "spaced": {
      const spaced = Schedule.spaced(pace.ms)
      return pace.times === undefined ? spaced : Schedule.upTo(spaced, { times: pace.times })
    }
    case "doubling":
      return Schedule.exponential(pace.ms)
    case "default":
      return Reconnect.defaultSchedule
  }
}

export const classifications: Record<program.Classified, (error: ConnectionError) => Recovery.Recovery> = {
  default: Reconnect.classify,
  floor: () => Recovery.retry({ notBefore: program.floor }),
  immediately: () => Recovery.retry({ immediately: true, atMost: 3 }),
  once: () => Recovery.retry({ atMost: 1 })
}
