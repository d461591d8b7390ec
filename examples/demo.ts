// A client lives through a server that misbehaves. Ends by itself after some 25 seconds; exit code 0 if all held.
//
//   npm run demo
import { NodeRuntime } from "@effect/platform-node"
import { Clock, Duration, Effect, Latch, Option, Random, type Scope, Stream } from "effect"
import { type Connection, type ConnectionError, type ConnectionEvent, Reconnect, Recovery } from "holdfast"
import { NodeConnection } from "holdfast/node"
import * as MisbehavingServer from "../src/cli/chaos/misbehavingServer.ts"
import { type Act, acts, type Seen, type Stage } from "./demo/acts.ts"
import { Feed } from "./demo/feed.ts"
import { paint, print } from "./demo/style.ts"
import { type Check, printSummary, printVerdict } from "./demo/summary.ts"
import { Timeline } from "./demo/timeline.ts"

// ---------------------------------------------------------------------------
// the client, with options for people who do not want to wait
// ---------------------------------------------------------------------------

const heartbeat = { interval: "1 second", timeout: "1 second" } as const
const pace = { first: "250 millis", base: "250 millis", cap: "2 seconds" } as const
const resetAfter = "1 second"
const inbound = { highWaterMark: 64 * 1024, overflow: "backpressure" } as const

/** Decides as Holdfast does by default, but takes a tenth of what a server asks for as the floor of a wait. */
const classify = (error: ConnectionError.ConnectionError): Recovery.Recovery => {
  const recovery = Reconnect.classify(error)
  if (recovery._tag === "Stop" || recovery.notBefore === undefined) return recovery
  const [low, high] = recovery.notBefore
  return Recovery.retry({ ...recovery, notBefore: [Duration.times(low, 0.1), Duration.times(high, 0.1)] })
}

const connect = (url: string) =>
  NodeConnection.make({
    url,
    // Dials at the first use, so that the first heading comes first.
    start: "lazy",
    heartbeat,
    reconnect: { schedule: Reconnect.schedule(pace), resetAfter, classify },
    inbound
  })

const introduce = () => {
  const options = [
    [
      "heartbeat",
      `a ping after ${heartbeat.interval} of silence, dead after ${heartbeat.timeout} more (default: 25 s, 15 s)`
    ],
    [
      "schedule",
      `waits drawn from 0 to ${pace.first}, the bound doubling up to ${pace.cap} (default: 5 s, up to 30 s)`
    ],
    ["resetAfter", `${resetAfter}: a session that long is stable, and the bound starts over (default: 30 s)`],
    ["classify", "the default, but floors that servers ask for are cut to a tenth"],
    ["inbound", `pauses the socket when ${inbound.highWaterMark / 1024} KiB wait for the reader (default: 256 KiB)`]
  ] as const
  print(paint("bold", "Holdfast lives through a server that misbehaves"))
  print()
  print("A server numbers its messages #1, #2, … whether or not anybody listens. One Holdfast connection reads them,")
  print("while the server does what servers, proxies and networks do. The connection's options, short for this demo:")
  print()
  for (const [name, text] of options) print(`   ${paint("cyan", name.padEnd(10))}  ${text}`)
}

// ---------------------------------------------------------------------------
// the play
// ---------------------------------------------------------------------------

interface Recording {
  readonly events: ReadonlyArray<ConnectionEvent.ConnectionEvent>
  readonly checks: ReadonlyArray<Check>
}

const play = (server: MisbehavingServer.MisbehavingServer, feed: Feed): Effect.Effect<
  Recording,
  ConnectionError.ConnectionError,
  Scope.Scope
> =>
  Effect.gen(function*() {
    const connection = yield* connect(server.url)
    const events: Array<ConnectionEvent.ConnectionEvent> = []
    const timeline = new Timeline()
    const reader: Reader = { mayBegin: yield* Latch.make(), takes: Duration.zero, owes: Duration.zero }

    yield* connection.events.pipe(
      Stream.runForEach((event) =>
        Effect.sync(() => {
          events.push(event)
          timeline.event(event)
        })
      ),
      Effect.forkScoped({ startImmediately: true })
    )
    yield* read(connection, feed, timeline, reader).pipe(Effect.forkScoped)
    yield* Effect.forkScoped(feed.rhythm)

    const stage: Stage = {
      server,
      feed,
      readerTakes: (duration) =>
        Effect.sync(() => {
          reader.takes = Duration.fromInputUnsafe(duration)
        })
    }

    const checks: Array<Check> = []
    for (const [index, act] of acts.entries()) {
      timeline.heading(`${index + 1}. ${act.server}`, act.expected)
      const look = yield* lookFromNow(server, feed, events)
      yield* act.begin(stage)
      yield* reader.mayBegin.open
      const failures = yield* enact(act, look)
      checks.push([act.server, failures])
      // Nothing can be learnt from what follows an act that never ended.
      if (failures.includes(neverEnded)) return { events, checks }
    }

    // A ping needs a second of silence, which a busy machine may not have left in any session so far.
    yield* Effect.sleep("20 millis").pipe(
      Effect.repeat({ until: () => events.some((event) => event._tag === "PongReceived") }),
      Effect.timeoutOption("5 seconds")
    )

    timeline.heading("Curtain: the client closes", "Close 1000 is sent, the server answers, the connection is closed.")
    yield* connection.close()
    yield* Effect.sleep("100 millis")
    timeline.settle()
    checks.push(["The client closed in good order, with 1000", [
      ...((yield* server.lastClose) === 1000 ? [] : ["the server saw no Close frame with 1000"]),
      ...(events.at(-1)?._tag === "Closed" ? [] : ["the last event is not Closed"])
    ]])
    return { events, checks }
  })

interface Reader {
  readonly mayBegin: Latch.Latch
  /** For each message. */
  takes: Duration.Duration
  /** Time that it has yet to take. */
  owes: Duration.Duration
}

const read = (connection: Connection.ConnectionService, feed: Feed, timeline: Timeline, reader: Reader) =>
  reader.mayBegin.whenOpen(Stream.runForEachArray(connection.messages, (messages) => {
    for (const message of messages) {
      feed.receive(Number(message))
      timeline.received(Number(message))
    }
    reader.owes = Duration.sum(reader.owes, Duration.times(reader.takes, messages.length))
    if (Duration.isLessThan(reader.owes, Duration.millis(20))) return Effect.void
    const { owes } = reader
    reader.owes = Duration.zero
    return Effect.sleep(owes)
  }))

/** What happens from now on. */
const lookFromNow = (
  server: MisbehavingServer.MisbehavingServer,
  feed: Feed,
  events: ReadonlyArray<ConnectionEvent.ConnectionEvent>
) =>
  Effect.gen(function*() {
    const since = yield* Clock.currentTimeMillis
    const before = { dials: (yield* server.dials).length, events: events.length }
    return Effect.map(server.dials, (dials): Seen => ({
      events: events.slice(before.events),
      dials: dials.slice(before.dials).map((at) => at - since),
      feed
    }))
  })

const neverEnded = "it was not over within 10 s"

/** Waits until the storm is over and a session has been open for long enough to be stable; tells what did not hold. */
const enact = (act: Act, look: Effect.Effect<Seen>) =>
  Effect.gen(function*() {
    const over = yield* Effect.sleep("20 millis").pipe(
      Effect.andThen(look),
      Effect.repeat({ until: act.isOver }),
      Effect.timeoutOption("10 seconds")
    )
    if (Option.isNone(over)) return [...act.failures(yield* look), neverEnded]
    yield* Effect.sleep("1500 millis")
    return act.failures(yield* look)
  })

// ---------------------------------------------------------------------------
// the verdict
// ---------------------------------------------------------------------------

const checkFeed = (server: MisbehavingServer.MisbehavingServer, feed: Feed, { events }: Recording) =>
  Effect.gen(function*() {
    const opened = events.filter(({ _tag }) => _tag === "Opened").length
    const sessions = yield* server.sessions
    const pongs = events.filter(({ _tag }) => _tag === "PongReceived").length
    return [
      ["No number was handed out twice or out of order", [
        ...(feed.twice.length === 0 ? [] : ["some were handed out twice"]),
        ...(feed.outOfOrder.length === 0 ? [] : ["some came out of order"])
      ]],
      ["Each number was received, or was sent while no session was open, or was lost with a session that broke", [
        ...(feed.unexplained(brokenSessions(events)).map((number) => `#${number} is missing without a reason`)),
        ...(opened === sessions ? [] : [`the server opened ${sessions} sessions, the client ${opened}`])
      ]],
      ["Pings were answered, and round trips measured", pongs > 0 ? [] : ["no pong came"]]
    ] satisfies ReadonlyArray<Check>
  })

/** Those whose end may take messages along: what was sent before a Close frame arrives before it. */
const brokenSessions = (events: Recording["events"]): ReadonlySet<number> =>
  new Set(
    events.flatMap((event) =>
      event._tag === "Disconnected" && ["HeartbeatTimeout", "AbnormalClosure"].includes(event.error.reason._tag)
        ? [event.session]
        : []
    )
  )

const checkNothingLeft = (server: MisbehavingServer.MisbehavingServer) =>
  Effect.gen(function*() {
    // The last FIN may be on its way.
    yield* Effect.sleep("10 millis").pipe(
      Effect.andThen(server.connections),
      Effect.repeat({ until: (connections) => connections === 0 }),
      Effect.timeoutOption("1 second")
    )
    const connections = yield* server.connections
    const sockets = process.getActiveResourcesInfo().filter((type) => type === "TCPSocketWrap").length
    return ["Nothing was left open", [
      ...(connections === 0 ? [] : [`the server still has ${connections} connections`]),
      ...(sockets === 0 ? [] : [`the process still has ${sockets} sockets`])
    ]] satisfies Check
  })

const main = Effect.gen(function*() {
  introduce()
  const server = yield* MisbehavingServer.make()
  const feed = new Feed(server)
  const recording = yield* Effect.scoped(play(server, feed))
  printSummary(recording.events, feed)
  const checks = [
    ...recording.checks,
    ...(yield* checkFeed(server, feed, recording)),
    yield* checkNothingLeft(server)
  ]
  printVerdict(checks)
  if (checks.some(([, failures]) => failures.length > 0)) process.exitCode = 1
})

main.pipe(
  Effect.scoped,
  // The waits are drawn with Effect's Random; seeded, each run looks like the last.
  Random.withSeed("holdfast"),
  Effect.timeout("38 seconds"),
  NodeRuntime.runMain
)
