/**
 * What is attached to a connection of the config for its life: its messages go to
 * its sinks, and its sources send.
 */
import type { NonEmptyReadonlyArray } from "effect/Array"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as RcMap from "effect/RcMap"
import * as Scope from "effect/Scope"
import type { ConnectionService } from "../../Connection.ts"
import type { Message } from "../../Link.ts"
import type { ConnectionPlan, SinkPlan } from "../config/RunConfig.ts"
import type { CliFailure } from "../failure.ts"
import type { Plan } from "../fleet/Fleet.ts"
import * as shutdown from "../shutdown.ts"
import type { OpenSink } from "./queuedSink.ts"
import { openSink } from "./sinks/open.ts"
import { openSource } from "./sources/open.ts"
import type { Tools } from "./workshop.ts"

/**
 * Makes plans whole. A sink that several connections write to is one: it is
 * opened for the first of them, and closed after the last.
 */
export const attacher: Effect.Effect<(plan: ConnectionPlan) => Plan, never, Tools | Scope.Scope> = Effect.gen(
  function*() {
    // Without the scope that is around us: what is attached lives as long as its connection, or its users.
    const tools = Context.omit(Scope.Scope)(yield* Effect.context<Tools>())
    const plans = new Map<string, SinkPlan>()
    const sinks: RcMap.RcMap<string, OpenSink, CliFailure> = yield* RcMap.make({
      lookup: (key: string) => Effect.provideContext(openSink(plans.get(key)!), tools)
    })

    const attach = (plan: ConnectionPlan) =>
      Effect.fnUntraced(function*(connection: ConnectionService): Effect.fn.Return<void, CliFailure, Scope.Scope> {
        for (const sink of plan.to) plans.set(sink.key, sink)
        // Those that are stuck are not waited for one after the other.
        const together = yield* Scope.fork(yield* Effect.scope, "parallel")
        const open = yield* Effect.forEach(plan.to, ({ key }) => Scope.provide(RcMap.get(sinks, key), together))
        if (open.length > 0) yield* read(connection, open, plan.options.closeCode ?? 1001)
        yield* Effect.forEach(plan.from, (source) => Effect.provideContext(openSource(source, connection), tools), {
          discard: true
        })
      })
    return (plan) => ({
      name: plan.name,
      fingerprint: plan.fingerprint,
      options: plan.options,
      attach: attach(plan)
    })
  }
)

/** Hands over what comes; at the end the connection is closed first, so that nothing it received is left behind. */
const read = Effect.fnUntraced(function*(
  connection: ConnectionService,
  sinks: ReadonlyArray<OpenSink>,
  code: number
): Effect.fn.Return<void, never, Scope.Scope> {
  const clock = yield* Clock.clockWith(Effect.succeed)
  const pull = yield* connection.subscribe
  let session: number | undefined
  const hand = (messages: NonEmptyReadonlyArray<Message>) =>
    Effect.flatMap(connection.status, (status) => {
      if (status._tag === "Open") session = status.session
      const at = clock.currentTimeMillisUnsafe()
      const deliveries = messages.map((message) => ({ connection: connection.name, at, session, message }))
      const [only, ...others] = sinks
      return only !== undefined && others.length === 0
        ? only.offer(deliveries)
        : Effect.forEach(sinks, (sink) => sink.offer(deliveries), { discard: true })
    })
  const reader = yield* Effect.forkDetach(
    Effect.ignore(Effect.forever(Effect.flatMap(pull, hand))),
    { startImmediately: true }
  )
  yield* Effect.addFinalizer(() =>
    Effect.gen(function*() {
      yield* Effect.timeoutOption(Effect.ignore(connection.close({ code })), shutdown.ofConnection)
      yield* Effect.timeoutOption(Fiber.await(reader), shutdown.ofReceived)
      yield* Fiber.interrupt(reader)
    })
  )
})
