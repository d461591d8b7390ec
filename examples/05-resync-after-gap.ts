// A feed of changes is worth nothing after a gap: what happened meanwhile is missing. So each session begins with a
// snapshot, and only changes that continue it are counted. `withSessions` runs that once for every session.
//
//   npx node examples/05-resync-after-gap.ts
import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect, Stream } from "effect"
import { type Connection, Reconnect } from "holdfast"
import { NodeConnection } from "holdfast/node"
import { tallyServer, type Update } from "./servers/tally.ts"

/** Our copy of the server's tally, right up to vote `upTo`. */
interface Copy {
  upTo: number
  tally: Record<string, number>
}

const follow = (copy: Copy) => (session: Connection.Session) =>
  Effect.gen(function*() {
    let synced = false
    yield* session.send("snapshot")
    // `session.messages` begins with this session's first message and ends with the session: no vote of the gap and
    // none of another session can be mistaken for the next one.
    yield* Stream.runForEach(session.messages, (message) =>
      Effect.gen(function*() {
        const update: Update = JSON.parse(String(message))
        if (update.type === "snapshot") {
          const missed = update.upTo - copy.upTo
          yield* Console.log(`session ${session.id}: a snapshot up to vote ${update.upTo}, ${missed} more than we knew`)
          copy.tally = update.tally
          copy.upTo = update.upTo
          synced = true
        } else if (synced && update.number === copy.upTo + 1) {
          copy.tally[update.candidate] = (copy.tally[update.candidate] ?? 0) + 1
          copy.upTo = update.number
        }
      }))
  })

const main = Effect.gen(function*() {
  const server = yield* tallyServer
  const connection = yield* NodeConnection.make({
    url: server.url,
    // Short, so that this example ends soon. The default draws the first delay from 0 to 5 s, to spare the server.
    reconnect: { schedule: Reconnect.schedule({ first: "500 millis" }) }
  })
  const copy: Copy = { upTo: 0, tally: {} }
  yield* Effect.forkScoped(connection.withSessions(follow(copy)))

  for (let crash = 1; crash <= 2; crash++) {
    const session = yield* connection.awaitOpen
    yield* Effect.sleep("400 millis")
    yield* Console.log(`our copy is right up to vote ${copy.upTo}; the server crashes`)
    yield* server.drop
    yield* session.ended
  }

  yield* connection.awaitOpen
  yield* Effect.sleep("400 millis")
  // What the server has counted will be with us in a moment.
  const { number, tally } = yield* server.closePolls
  yield* Effect.sleep("1 milli").pipe(Effect.repeat({ while: () => copy.upTo < number }))
  yield* Console.log(`server: ${number} votes ${JSON.stringify(tally)}`)
  yield* Console.log(`copy:   ${copy.upTo} votes ${JSON.stringify(copy.tally)}`)
})

NodeRuntime.runMain(Effect.scoped(main))
