/**
 * What the page is told while it is open, as Server-Sent Events: everything at
 * first, then reports each second and happenings at once. Without a page nothing
 * is computed; of what happens a little is kept, for the page that comes later.
 */
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as PubSub from "effect/PubSub"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Fleet } from "../fleet/Fleet.ts"
import { endingOf } from "../fleet/recorder.ts"
import { version } from "../version.ts"
import { type Happened, happeningOf, type Hello, type Tick } from "./happening.ts"
import { History } from "./history.ts"

/** So many pages may look at once. */
export const mostViewers = 64

/** What happens, for whoever looks. */
export interface Live {
  readonly history: History
  /** How many look. */
  readonly viewers: () => number
  /** The events for one page, encoded. `session` is whether it can log out. */
  readonly events: (session: boolean) => Stream.Stream<Uint8Array>
  /** Ends the events of every page. */
  readonly end: Effect.Effect<void>
}

/** Takes note of what happens, for the life of the scope. */
export const make = (fleet: Fleet["Service"]): Effect.Effect<Live, never, Scope.Scope> =>
  Effect.gen(function*() {
    const history = new History()
    const happened = yield* PubSub.sliding<Happened>(256)
    const over = yield* Deferred.make<void>()
    let viewers = 0
    let roomFor = 16

    // Connections may come and go with each reload of a config.
    const makeRoom = Effect.map(fleet.reports, (reports) => {
      history.forgetOthers(new Set(reports.map(({ name }) => name)))
      roomFor = 2 * history.size + 16
    })
    yield* fleet.activity.pipe(
      Stream.runForEach(({ connection, event }) =>
        Effect.suspend(() => {
          const happening = happeningOf(event, endingOf)
          const number = happening && history.record(connection, happening)
          if (happening === undefined || number === undefined) return Effect.void
          if (viewers > 0) PubSub.publishUnsafe(happened, { number, connection, happening })
          return history.size > roomFor ? makeRoom : Effect.void
        })
      ),
      Effect.forkScoped({ startImmediately: true })
    )

    const hello = (session: boolean) =>
      Effect.gen(function*() {
        const at = yield* Clock.currentTimeMillis
        const reports = yield* fleet.reports
        const pasts = history.pasts(reports.map(({ name }) => name))
        return frame("hello", { version, at, reports, pasts, last: history.last, session } satisfies Hello)
      })
    const tick = Effect.gen(function*() {
      const at = yield* Clock.currentTimeMillis
      return frame("tick", { at, reports: yield* fleet.reports } satisfies Tick)
    })

    return {
      history,
      end: Effect.asVoid(Deferred.succeed(over, undefined)),
      viewers: () => viewers,
      events: (session) =>
        Stream.unwrap(Effect.gen(function*() {
          yield* Effect.acquireRelease(
            Effect.sync(() => {
              viewers++
            }),
            () =>
              Effect.sync(() => {
                viewers--
              })
          )
          // Before everything is told, so that nothing is missed in between.
          const subscription = yield* PubSub.subscribe(happened)
          return Stream.concat(
            Stream.fromEffect(hello(session)),
            Stream.merge(
              Stream.map(Stream.fromSubscription(subscription), (event) => frame("happened", event)),
              Stream.mapEffect(Stream.drop(Stream.tick("1 second"), 1), () => tick)
            )
          )
        })).pipe(Stream.interruptWhen(Deferred.await(over)), Stream.encodeText)
    }
  })

const frame = (event: string, data: Hello | Tick | Happened): string =>
  // A browser that lost us asks again after a second.
  `event: ${event}\n${event === "hello" ? "retry: 1000\n" : ""}data: ${JSON.stringify(data)}\n\n`
