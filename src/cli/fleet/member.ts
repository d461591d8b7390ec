/**
 * One connection of a fleet, for its life: from a plan to its end.
 */
import * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import type { ConnectionService } from "../../Connection.ts"
import type { ConnectionError } from "../../ConnectionError.ts"
import type { ConnectionEvent } from "../../ConnectionEvent.ts"
import { EventObserver } from "../../internal/eventObserver.ts"
import * as NodeConnection from "../../node/NodeConnection.ts"
import { type CliFailure, failure } from "../failure.ts"
import type { ConnectionReport } from "./ConnectionReport.ts"
import type { Plan } from "./Fleet.ts"
import { observedTransport } from "./observedTransport.ts"
import { Recorder } from "./recorder.ts"
import { trafficOf } from "./traffic.ts"

/** Who is told of what members do. */
export interface MemberOwner {
  readonly onEvent: (connection: string, event: ConnectionEvent) => void
}

export interface Member {
  readonly plan: Plan
  readonly connection: ConnectionService
  /** How the first handshake went: open once, or closed before. */
  readonly opened: Deferred.Deferred<void, ConnectionError>
  /** The cause for which it gave up; none while it lives, and none where we closed it. */
  readonly gaveUp: () => ConnectionError | undefined
  /** Whether it is closed for good. */
  readonly isOver: () => boolean
  /** Attaches what the plan wants attached, then dials. */
  readonly begin: Effect.Effect<void, CliFailure>
  readonly report: Effect.Effect<ConnectionReport>
  /** Dials so far. */
  readonly dials: () => number
  /** Closes it, and detaches what is attached. */
  readonly end: Effect.Effect<void>
}

/** A connection that has not dialled yet. Fails for options that can never work. */
export const makeMember = (plan: Plan, owner: MemberOwner): Effect.Effect<Member, CliFailure> =>
  Effect.uninterruptible(Effect.gen(function*() {
    const { name, options } = plan
    const scope = yield* Scope.make()
    const context = yield* Effect.context<never>()
    const recorder = new Recorder(yield* DateTime.now)
    const opened = yield* Deferred.make<void, ConnectionError>()
    let gaveUp: ConnectionError | undefined
    let over = false

    const happened = (event: ConnectionEvent) => {
      recorder.happened(event)
      if (event._tag === "Opened") Deferred.doneUnsafe(opened, Exit.void)
      if (event._tag === "Closed") {
        over = true
        gaveUp = Option.getOrUndefined(event.cause)
        Deferred.doneUnsafe(opened, gaveUp === undefined ? Exit.void : Exit.fail(gaveUp))
      }
      owner.onEvent(name, event)
    }
    const observer = {
      linked: (link: Parameters<Recorder["linked"]>[0]) => recorder.linked(link),
      messaged: (nanos: bigint) => recorder.messaged(nanos)
    }
    const transport = Layer.isLayer(options.transport)
      ? options.transport
      : observedTransport(options.transport as Exclude<typeof options.transport, Layer.Any>, observer)
    const connection = yield* NodeConnection.make({ ...options, name, transport, start: "lazy" }).pipe(
      Effect.provideService(EventObserver, happened),
      Scope.provide(scope),
      Effect.mapError((error) => failure("config", `The connection "${name}" cannot work: ${error.message}`)),
      Effect.onError((cause) => Scope.close(scope, Exit.failCause(cause)))
    )

    return {
      plan,
      connection,
      opened,
      gaveUp: () => gaveUp,
      isOver: () => over,
      dials: () => recorder.dials,
      begin: Effect.andThen(
        Scope.provide(plan.attach(connection), scope),
        // A lazy connection dials as soon as somebody waits for it.
        Effect.asVoid(Effect.forkIn(Effect.ignore(connection.awaitOpen), scope, { startImmediately: true }))
      ),
      report: reportOf(connection, recorder, context, silenceLimitOf(plan)),
      end: Scope.close(scope, Exit.void)
    }
  }))

const reportOf = (
  connection: ConnectionService,
  recorder: Recorder,
  context: Context.Context<never>,
  silenceLimit: number | undefined
): Effect.Effect<ConnectionReport> =>
  Effect.gen(function*() {
    const status = yield* connection.status
    const now = yield* DateTime.now
    const clock = yield* Clock.clockWith(Effect.succeed)
    return recorder.report(connection.name, {
      status,
      now,
      nanos: clock.monotonicTimeNanosUnsafe(),
      received: trafficOf(context, connection.name, "inbound"),
      sent: trafficOf(context, connection.name, "outbound"),
      silenceLimit
    })
  })

/** A ping after `interval`, judged after `timeout`; once more where the timer was late. */
const silenceLimitOf = ({ options: { heartbeat } }: Plan): number | undefined => {
  if (heartbeat === false || Layer.isLayer(heartbeat)) return undefined
  const { interval, timeout } = heartbeat as Exclude<typeof heartbeat, Layer.Any> ?? {}
  const millis = (input: Duration.Input | undefined, otherwise: Duration.Input) =>
    Duration.toMillis(Duration.fromInputUnsafe(input ?? otherwise))
  return millis(interval, "25 seconds") + 2 * millis(timeout, "15 seconds")
}
