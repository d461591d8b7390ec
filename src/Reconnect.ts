/**
 * When do we try again, and when do we stop?
 *
 * **Details**
 *
 * Two questions, two values. *May we, and not before when?* is `classify`, a pure
 * function of the error. *At what pace, and how long?* is any schedule of
 * Effect's; it is given the error, and begins anew after a stable session.
 */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
import { classify, ConnectionError, InvalidRequest } from "./ConnectionError.ts"
import * as backoff from "./internal/backoff.ts"
import { positiveDuration, positiveOrInfiniteDuration } from "./internal/duration.ts"
import * as Recovery from "./Recovery.ts"

export {
  /**
   * The default classification, tabled in `docs/reference/recovery.md`.
   */
  classify
}

/**
 * **Service**: when do we try again, and when do we stop?
 */
export class Reconnect extends Context.Service<Reconnect, {
  /** May we, and not before when? */
  readonly classify: (error: ConnectionError) => Recovery.Recovery
  /** At what pace, and how long? Started anew after a stable session. */
  readonly schedule: Schedule.Schedule<unknown, ConnectionError>
  /** How long a session must have been open to count as stable. */
  readonly resetAfter: Duration.Duration
}>()("holdfast/Reconnect") {}

/** What `layer` and `make` take. */
export interface ReconnectOptions<R = never> {
  /** The delays before the dials; when it ends, the connection closes with its last cause. Default: `defaultSchedule`. */
  readonly schedule?: Schedule.Schedule<unknown, ConnectionError, never, R> | undefined
  /**
   * How long a session must have been open to count as stable, so that the
   * schedule and the counts of `atMost` begin anew. Default: 30 seconds;
   * `"Infinity"` for never.
   */
  readonly resetAfter?: Duration.Input | undefined
  /** Default: `classify`. */
  readonly classify?: ((error: ConnectionError) => Recovery.Recovery) | undefined
}

/** What `schedule` takes. */
export interface ScheduleOptions {
  /** Bound of the first delay after an established session was lost (RFC 6455 §7.2.3). Default: 5 seconds. */
  readonly first?: Duration.Input | undefined
  /** Bound of the first delay after a failed dial. Default: 1 second. */
  readonly base?: Duration.Input | undefined
  /** By how much each bound exceeds the one before, at least 1: the n-th is `base * factor ** (n - 1)`. Default: 2. */
  readonly factor?: number | undefined
  /** The highest bound. Default: 30 seconds. */
  readonly cap?: Duration.Input | undefined
  /** How many delays there are at most. Default: no limit. */
  readonly times?: number | undefined
  /** How long after the first failure another delay may begin. Default: no limit. */
  readonly during?: Duration.Input | undefined
}

/**
 * Exponential backoff with full jitter: each delay is drawn uniformly from zero
 * to its bound, with Effect's `Random`.
 *
 * **Details**
 *
 * With the defaults the bounds are 5 s after an established session was lost, or
 * 1 s after a failed dial; then 2 s, 4 s and so on up to 30 s, for ever.
 *
 * **Gotchas**
 *
 * Options that can never work make `layer` fail with an `InvalidRequest` that
 * names the option. Whatever else takes a step of such a schedule dies with it.
 */
export const schedule = (options: ScheduleOptions = {}): Schedule.Schedule<Duration.Duration, ConnectionError> => {
  let problem: InvalidRequest | undefined
  const refuse = (option: string, wanted: string, got: number): undefined => {
    problem ??= new InvalidRequest({ option: `reconnect.${option}`, problem: `must be ${wanted}; got ${got}` })
  }
  const duration = (option: "first" | "base" | "cap" | "during"): Duration.Duration | undefined => {
    const input = options[option]
    if (input === undefined) return undefined
    const result = positiveDuration(`reconnect.${option}`, input)
    if (Result.isSuccess(result)) return result.success
    problem ??= result.failure
    return undefined
  }
  const number = (option: "factor" | "times", wanted: string, isLegal: (n: number) => boolean): number | undefined => {
    const input = options[option]
    return input === undefined || isLegal(input) ? input : refuse(option, wanted, input)
  }
  const bounds: backoff.Backoff = {
    first: duration("first") ?? Duration.seconds(5),
    base: duration("base") ?? Duration.seconds(1),
    factor: number("factor", "a finite number of at least 1", (n) => n >= 1 && Number.isFinite(n)) ?? 2,
    cap: duration("cap") ?? Duration.seconds(30)
  }
  const during = duration("during")
  const times = number("times", "a whole number of at least 0", (n) => n >= 0 && Number.isInteger(n))
  if (problem !== undefined) return impossible(problem)
  const endless = backoff.make(bounds)
  return times === undefined && during === undefined ? endless : Schedule.upTo(endless, { times, duration: during })
}

// A schedule is made outside of every effect and must not throw. So one that can
// never work dies at its first step, and complains when it is made ready for that:
// the layer hears it, whatever the schedule was piped through.
const Complaint = Context.Reference<(reason: InvalidRequest) => void>("holdfast/Reconnect/Complaint", {
  defaultValue: () => () => {}
})

const impossible = (reason: InvalidRequest): Schedule.Schedule<Duration.Duration, ConnectionError> =>
  Schedule.fromStep(Effect.flatMap(Complaint, (complain) => {
    complain(reason)
    return Effect.die(new ConnectionError({ reason }))
  }))

const complaintOf = <R>(
  self: Schedule.Schedule<unknown, ConnectionError, never, R>
): Effect.Effect<InvalidRequest | undefined, never, R> =>
  Effect.suspend(() => {
    let heard: InvalidRequest | undefined
    const made = Effect.provideService(Schedule.toStep(self), Complaint, (reason) => {
      heard ??= reason
    })
    return Effect.map(made, () => heard)
  })

/**
 * `schedule` with its defaults: uniform in 0–5 s after an established session was
 * lost (RFC 6455 §7.2.3), in 0–1 s after a failed dial; then 0–2 s, 0–4 s and so
 * on up to 0–30 s, for ever.
 */
export const defaultSchedule: Schedule.Schedule<Duration.Duration, ConnectionError> = schedule()

/**
 * Makes the service. What the schedule needs is taken from where this runs.
 *
 * Fails with `InvalidRequest` for a `resetAfter` that is not above zero, for a
 * `schedule` made with options that can never work, and for what is no schedule
 * or no function.
 */
export const make = <R = never>(
  options: ReconnectOptions<R> = {}
): Effect.Effect<Reconnect["Service"], ConnectionError, R> =>
  Effect.gen(function*() {
    const isGroup: boolean = Predicate.isObject(options)
    if (!isGroup) {
      return yield* invalid("reconnect", "must be an object with the options of this group, or a layer of Reconnect")
    }
    const resetAfter = yield* Effect.mapError(
      Effect.fromResult(positiveOrInfiniteDuration("reconnect.resetAfter", options.resetAfter ?? "30 seconds")),
      (reason) => new ConnectionError({ reason })
    )
    const given = options.schedule
    const isSchedule: boolean = given === undefined || Schedule.isSchedule(given)
    if (!isSchedule) {
      return yield* invalid("reconnect.schedule", "must be a Schedule, such as Reconnect.schedule() makes")
    }
    const problem = given === undefined ? undefined : yield* complaintOf(given)
    if (problem !== undefined) return yield* new ConnectionError({ reason: problem })
    const isFunction: boolean = options.classify === undefined || Predicate.isFunction(options.classify)
    if (!isFunction) {
      return yield* invalid("reconnect.classify", "must be a function from an error to a Recovery")
    }
    const context = yield* Effect.context<R>()
    return {
      classify: options.classify ?? classify,
      schedule: given === undefined ? defaultSchedule : provide(given, context),
      resetAfter
    }
  })

const invalid = (option: string, problem: string): Effect.Effect<never, ConnectionError> =>
  Effect.fail(new ConnectionError({ reason: new InvalidRequest({ option, problem }) }))

const provide = <R>(
  self: Schedule.Schedule<unknown, ConnectionError, never, R>,
  context: Context.Context<R>
): Schedule.Schedule<unknown, ConnectionError> =>
  Schedule.fromStep(Effect.provideContext(
    Effect.map(
      Schedule.toStep(self),
      (step) => (now: number, error: ConnectionError) => Effect.provideContext(step(now, error), context)
    ),
    context
  ))

/**
 * Tries again at the schedule's pace, where the classification allows it.
 *
 * Fails with `InvalidRequest` as `make` does.
 */
export const layer = <R = never>(options?: ReconnectOptions<R>): Layer.Layer<Reconnect, ConnectionError, R> =>
  Layer.effect(Reconnect, make(options))

/**
 * Never tries again: the connection closes with the first cause.
 */
export const layerNever: Layer.Layer<Reconnect> = Layer.succeed(Reconnect, {
  classify: () => Recovery.stop,
  schedule: Schedule.recurs(0),
  resetAfter: Duration.infinity
})
