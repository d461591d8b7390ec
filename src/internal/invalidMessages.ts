/**
 * What becomes of a message that a protocol did not understand: it is counted,
 * told to whoever follows, and then logged, ignored, or handed to the user.
 *
 * All of this is called inside the socket's callback, so what runs code of users
 * is put off to a fiber, which takes one after the other.
 */
import * as Cause from "effect/Cause"
import type * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import type * as Scheduler from "effect/Scheduler"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { ConnectionService } from "../Connection.ts"
import { ConnectionError, DecodingFailed } from "../ConnectionError.ts"
import * as Metrics from "../ConnectionMetrics.ts"
import type { Problem } from "./decoder.ts"
import { metricContext } from "./metricContext.ts"

/** A message that was not understood. */
export interface InvalidMessage {
  /** When, by the wall clock. */
  readonly at: DateTime.Utc
  /** The session that was open then, if one was. */
  readonly session: Option.Option<number>
  /** Whether it is the codec that could not read it, or the schema that it did not fit. */
  readonly by: "codec" | "schema"
  /** What is wrong with it, for people; nothing of the message in it where the codec is redacted. */
  readonly issue: string
  /** The first 64 characters of a text, the first 64 bytes of a binary frame in hex; `<redacted>` with a redacted codec. */
  readonly head: string
}

/** What becomes of it, besides. */
export type OnInvalid<R = never> =
  | "log"
  | "fail"
  | "ignore"
  | ((message: InvalidMessage) => Effect.Effect<unknown, unknown, R>)

/** How many are kept for who is slow. */
const bufferSize = 1024

// Of a schema there are only so many kinds; this is for codecs of users.
const mostKinds = 100

export class InvalidMessages<R> {
  private readonly connection: ConnectionService
  private readonly onInvalid: OnInvalid<R>
  private readonly context: Context.Context<R>
  private readonly scope: Scope.Scope
  private readonly clock: Clock.Clock
  private readonly dispatcher: Scheduler.SchedulerDispatcher

  private readonly kinds = new Set<string>()
  private readonly followers = new Set<Queue.Queue<InvalidMessage, Cause.Done>>()
  private later: Array<Effect.Effect<unknown, unknown, R>> = []
  private working = false

  constructor(options: {
    readonly connection: ConnectionService
    readonly onInvalid: OnInvalid<R>
    readonly context: Context.Context<R>
    readonly scope: Scope.Scope
    readonly clock: Clock.Clock
    readonly dispatcher: Scheduler.SchedulerDispatcher
  }) {
    this.connection = options.connection
    this.onInvalid = options.onInvalid
    this.context = options.context
    this.scope = options.scope
    this.clock = options.clock
    this.dispatcher = options.dispatcher
  }

  /** One more; the result is with what its readers fail, if they do. */
  add(problem: Problem): ConnectionError | undefined {
    const { by, head, issue } = problem
    Metric.withAttributes(Metrics.invalidMessages, { by })
      .updateUnsafe(1, metricContext(this.context, this.connection.name))
    const { onInvalid } = this
    if (this.followers.size > 0 || typeof onInvalid === "function") {
      const message: InvalidMessage = {
        at: DateTime.makeUnsafe(this.clock.currentTimeMillisUnsafe()),
        session: this.session,
        by,
        issue,
        head
      }
      for (const queue of this.followers) Queue.offerUnsafe(queue, message)
      if (typeof onInvalid === "function") this.putOff(Effect.suspend(() => onInvalid(message)))
    }
    if (onInvalid === "log") this.logOnce(problem)
    return onInvalid === "fail"
      ? new ConnectionError({ reason: new DecodingFailed({ by, issue, head }) })
      : undefined
  }

  private get session(): Option.Option<number> {
    const status = Effect.runSyncExit(this.connection.status)
    return Exit.isSuccess(status) && status.value._tag === "Open" ? Option.some(status.value.session) : Option.none()
  }

  /** Those from now on, until the connection is closed for good. */
  get stream(): Stream.Stream<InvalidMessage> {
    return Stream.callback<InvalidMessage>((queue) =>
      Effect.gen({ self: this }, function*() {
        yield* Effect.acquireRelease(
          Effect.sync(() => this.followers.add(queue)),
          () => Effect.sync(() => this.followers.delete(queue))
        )
        yield* Effect.exit(this.connection.await)
        yield* Queue.end(queue)
      }), { bufferSize, strategy: "sliding" })
  }

  private logOnce({ head, issue, kind }: Problem): void {
    if (this.kinds.has(kind) || this.kinds.size >= mostKinds) return
    this.kinds.add(kind)
    const isLast = this.kinds.size === mostKinds
    this.log(Effect.logWarning(
      `a message was not understood: ${issue} (it begins with ${head}). ` +
        (isLast ? "Nothing more of this is logged" : "More of this kind are counted, not logged")
    ))
  }

  /** A handler of the protocol's `listen` threw this. */
  threw(defect: unknown): void {
    this.log(Effect.logError("a handler of `listen` threw", Cause.die(defect)))
  }

  private log(effect: Effect.Effect<void>): void {
    this.putOff(Effect.annotateLogs(effect, "connection", this.connection.name))
  }

  private putOff(effect: Effect.Effect<unknown, unknown, R>): void {
    if (this.later.length >= bufferSize) this.later.shift()
    this.later.push(effect)
    if (this.working) return
    this.working = true
    this.dispatcher.scheduleTask(() => Fiber.runIn(Effect.runForkWith(this.context)(this.work), this.scope), 0)
  }

  private get work(): Effect.Effect<void, never, R> {
    return Effect.whileLoop({
      while: () => {
        this.working = this.later.length > 0
        return this.working
      },
      body: () =>
        Effect.catchCause(this.later.shift()!, (cause) =>
          Effect.annotateLogs(
            Effect.logError("`onInvalid` failed", cause),
            "connection",
            this.connection.name
          )),
      step: () => {}
    })
  }
}
