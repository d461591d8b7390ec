// Seven ways to misbehave: what the server does, what Holdfast is expected to make of it, and whether it did.
import { Duration, Effect } from "effect"
import type { ConnectionEvent } from "holdfast"
import type { Fault } from "../../src/cli/chaos/Fault.ts"
import type { MisbehavingServer } from "../../src/cli/chaos/misbehavingServer.ts"
import type { Feed } from "./feed.ts"

export interface Stage {
  readonly server: MisbehavingServer
  readonly feed: Feed
  /** How long our reader takes for each message. */
  readonly readerTakes: (duration: Duration.Input) => Effect.Effect<void>
}

/** What happened since the act began. */
export interface Seen {
  readonly events: ReadonlyArray<ConnectionEvent.ConnectionEvent>
  /** When dials came, in milliseconds since the act began. */
  readonly dials: ReadonlyArray<number>
  readonly feed: Feed
}

export interface Act {
  readonly server: string
  readonly expected: string
  readonly begin: (stage: Stage) => Effect.Effect<unknown>
  /** Whether the storm is over, and a session is open again. */
  readonly isOver: (seen: Seen) => boolean
  /** What did not hold, a sentence each. */
  readonly failures: (seen: Seen) => ReadonlyArray<string>
}

type EventOf<Tag> = Extract<ConnectionEvent.ConnectionEvent, { readonly _tag: Tag }>

const all = <Tag extends ConnectionEvent.ConnectionEvent["_tag"]>(seen: Seen, tag: Tag): ReadonlyArray<EventOf<Tag>> =>
  seen.events.filter((event): event is EventOf<Tag> => event._tag === tag)

const opened = (seen: Seen, times: number): boolean => all(seen, "Opened").length >= times

/** Every cause in order, with what tells it from others of its kind. */
const causes = (seen: Seen): string =>
  seen.events.flatMap((event) => {
    if (event._tag !== "Disconnected" && event._tag !== "AttemptFailed") return []
    const { reason } = event.error
    switch (reason._tag) {
      case "HandshakeRejected":
        return [`${reason._tag} ${reason.status}`]
      case "HandshakeInvalid":
        return [`${reason._tag} ${reason.check}`]
      default:
        return [reason._tag]
    }
  }).join(", ") || "none"

const holds = (condition: boolean, otherwise: string): ReadonlyArray<string> => condition ? [] : [otherwise]

const causesAre = (seen: Seen, expected: string): ReadonlyArray<string> =>
  holds(causes(seen) === expected, `expected the causes ${expected}; got ${causes(seen)}`)

/** Timers may be early by a millisecond, and clocks round. */
const tolerance = 5

const noDialBefore = (seen: Seen, dial: number, since: number, wait: number): ReadonlyArray<string> => {
  const waited = (seen.dials[dial] ?? 0) - since
  return holds(waited >= wait - tolerance, `dialled after ${waited.toFixed(0)} ms instead of ${wait} ms`)
}

const refuse: Fault = { fault: "refuse", "retry-after": "15", times: 2 }
const closeAtOnce: Fault = { fault: "close", code: 1000, times: 3 }
const badAccept: Fault = { fault: "wrong-accept", times: 2 }

const floodOf = 20_000
let floodBegan = 0

export const acts: ReadonlyArray<Act> = [
  {
    server: "The server refuses the first two dials with HTTP 503 and \"Retry-After: 15\"",
    expected: "HandshakeRejected; after each, no dial for 1.5 s (a tenth of what it asks for).",
    begin: ({ server }) => server.misbehave([refuse]),
    isOver: (seen) => opened(seen, 1),
    failures: (seen) => [
      ...causesAre(seen, "HandshakeRejected 503, HandshakeRejected 503"),
      ...noDialBefore(seen, 1, seen.dials[0] ?? 0, 1500),
      ...noDialBefore(seen, 2, seen.dials[1] ?? 0, 1500)
    ]
  },
  {
    server: "The server closes with 1000, then accepts three dials and closes each at once",
    expected: "sessions that short reset nothing, so the bound of the waits doubles: four dials, no hammering.",
    begin: ({ server }) =>
      Effect.andThen(server.misbehave([closeAtOnce]), server.befall({ fault: "close", code: 1000 })),
    isOver: (seen) => opened(seen, 4),
    failures: (seen) => [
      ...causesAre(seen, "NormalClosure, NormalClosure, NormalClosure, NormalClosure"),
      ...holds(seen.dials.length === 4, `expected 4 dials; got ${seen.dials.length}`),
      ...all(seen, "WaitScheduled").flatMap(({ delay }, index) =>
        holds(Duration.toMillis(delay) <= 250 * 2 ** index, `wait ${index + 1} was ${Duration.format(delay)}`)
      )
    ]
  },
  {
    server: "The server closes with 1012, service restart",
    expected:
      "ServiceRestart; the next dial in 0.5 to 3 s (a tenth of 5 to 30 s), so that not everybody comes at once.",
    begin: ({ server }) => server.befall({ fault: "close", code: 1012, reason: "deploying" }),
    isOver: (seen) => opened(seen, 1),
    failures: (seen) => [
      ...causesAre(seen, "ServiceRestart"),
      ...noDialBefore(seen, 0, 0, 500),
      ...holds((seen.dials[0] ?? 0) < 5000, "the dial came late")
    ]
  },
  {
    server: "The network goes dead: nothing gets through, pings are not answered, nobody is told (half-open)",
    expected: "HeartbeatTimeout within 2 s: 1 s of silence, then 1 s for an answer to the ping.",
    begin: ({ feed, server }) => Effect.andThen(server.befall({ fault: "silence" }), feed.publish(3)),
    isOver: (seen) => opened(seen, 1),
    failures: (seen) => [
      ...causesAre(seen, "HeartbeatTimeout"),
      ...holds((seen.dials[0] ?? 0) < 4000, "it took too long to notice")
    ]
  },
  {
    server: "The server drops the connection in the middle of a message, without a Close frame",
    expected: "AbnormalClosure; half a number is never handed out.",
    begin: ({ feed }) => feed.publishBroken,
    isOver: (seen) => opened(seen, 1),
    failures: (seen) => causesAre(seen, "AbnormalClosure")
  },
  {
    server: `The server floods: ${floodOf.toLocaleString("en")} numbers at once, for a reader that takes its time`,
    expected: "the socket is paused and resumed, memory stays bounded, nothing is lost, no false alarm.",
    begin: ({ feed, readerTakes }) =>
      Effect.suspend(() => {
        floodBegan = feed.published
        return Effect.andThen(readerTakes("75 micros"), feed.publish(floodOf, 100))
      }),
    isOver: ({ feed }) => feed.has(floodBegan + 1, floodBegan + floodOf),
    failures: (seen) => [
      ...causesAre(seen, "none"),
      ...holds(all(seen, "Paused").length > 0, "the socket was never paused"),
      ...holds(seen.feed.has(floodBegan + 1, floodBegan + floodOf), "some of the flood was lost")
    ]
  },
  {
    server: "The server goes away (1001); behind it, a proxy answers two dials with a bad Sec-WebSocket-Accept",
    expected: "GoingAway, then HandshakeInvalid: that is no WebSocket server, so no session and no message from it.",
    begin: ({ readerTakes, server }) =>
      readerTakes(0).pipe(
        Effect.andThen(server.misbehave([badAccept])),
        Effect.andThen(server.befall({ fault: "close", code: 1001, reason: "a new proxy" }))
      ),
    isOver: (seen) => opened(seen, 1),
    failures: (seen) => [
      ...causesAre(seen, "GoingAway, HandshakeInvalid accept, HandshakeInvalid accept"),
      ...holds(all(seen, "Opened").length === 1, "a session was opened on a bad handshake")
    ]
  }
]
