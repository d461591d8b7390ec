/**
 * A sink with messages that wait for it. Whatever happens to where they go is
 * told, counted and tried again; it never fails, and holds up nobody but who
 * asked for it.
 */
import * as Clock from "effect/Clock"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Latch from "effect/Latch"
import * as Metric from "effect/Metric"
import type * as Scope from "effect/Scope"
import { bytesOf } from "../config/quantities.ts"
import type { Sink } from "../config/schema.ts"
import { plural } from "../inWords.ts"
import type { Output } from "../output.ts"
import * as shutdown from "../shutdown.ts"
import type { Delivery } from "./delivery.ts"
import { type Bounds, WaitingRoom } from "./waitingRoom.ts"

/** Where the messages of connections go. */
export interface OpenSink {
  readonly name: string
  /** Waits, or drops, where the sink is full. Never fails. */
  readonly offer: (deliveries: ReadonlyArray<Delivery>) => Effect.Effect<void>
}

/** A sink did not take messages. */
export class SinkProblem extends Data.TaggedError("SinkProblem")<{
  /** Follows "the sink NAME": `cannot be written: …`. */
  readonly sentence: string
  /** These messages will never be taken: the next ones may. */
  readonly rejected?: boolean | undefined
  /** What was asked for before the next attempt, milliseconds. */
  readonly retryAfter?: number | undefined
}> {
  override get message(): string {
    return this.sentence
  }
}

/** Between two attempts while the sink closes. */
const lastPause = 250

/** How often dropping and failing are told while they go on. */
const tellEvery = 10_000

const delivered = Metric.counter("holdfast_sink_messages", {
  description: "Messages that a sink took, dropped because it was full, or refused",
  incremental: true
})

export interface QueuedSinkOptions {
  readonly name: string
  readonly output: Output["Service"]
  readonly bounds: Bounds
  readonly onFull: "backpressure" | "drop"
  /** How many writes may go on at once. */
  readonly workers: number
  /** The most messages of one write. */
  readonly most: number
  /** How long a write may wait for more messages, milliseconds. */
  readonly gather?: number | undefined
  readonly write: (batch: ReadonlyArray<Delivery>) => Effect.Effect<void, SinkProblem>
  /** The first and the longest wait between two attempts, and for how long at most a batch is tried, milliseconds; false for one attempt. */
  readonly retry: false | { readonly first: number; readonly cap: number; readonly during: number }
}

/** Opens it for the life of the scope; what waits at the end is written within `shutdown.ofQueue`. */
export const queuedSink = (options: QueuedSinkOptions): Effect.Effect<OpenSink, never, Scope.Scope> =>
  Effect.gen(function*() {
    const { bounds, most, name, onFull, output, workers } = options
    const clock = yield* Clock.clockWith(Effect.succeed)
    const room = new WaitingRoom(bounds)
    const now = () => clock.currentTimeMillisUnsafe()
    const count = (outcome: "taken" | "dropped" | "refused", messages: number) =>
      Metric.update(Metric.withAttributes(delivered, { sink: name, outcome }), messages)
    const note = (level: "info" | "warn" | "error", event: string, sentence: string, fields: object) =>
      output.note(level, event, `sink ${name}: ${sentence}`, { sink: name, ...fields })

    const closing = yield* Latch.make()
    let ending = false
    /** Once the sink closes, nothing is waited for that has a chance without. */
    const pausing = (millis: number): Effect.Effect<void> =>
      Effect.suspend(() =>
        ending ? Effect.sleep(Math.min(millis, lastPause)) : Effect.raceFirst(Effect.sleep(millis), closing.await)
      )

    let inHand = 0
    let failing = false
    let refused = 0
    let refusedTold = 0
    let refusedTellAt = 0
    let dropped = 0
    let droppedTold = 0
    let droppedTellAt = 0

    const drop = (messages: number): Effect.Effect<void> =>
      Effect.suspend(() => {
        dropped += messages
        if (now() < droppedTellAt) return count("dropped", messages)
        droppedTellAt = now() + tellEvery
        return Effect.andThen(count("dropped", messages), tellDropped)
      })
    const tellDropped = Effect.suspend(() => {
      if (dropped === droppedTold) return Effect.void
      droppedTold = dropped
      return note("warn", "sink-dropped", `is full; ${plural(dropped, "message")} dropped so far`, { dropped })
    })
    const refuse = (problem: SinkProblem, messages: number): Effect.Effect<void> =>
      Effect.suspend(() => {
        refused += messages
        const told = now() < refusedTellAt ? Effect.void : tellRefused(problem)
        return Effect.andThen(count("refused", messages), told)
      })
    const tellRefused = (problem: SinkProblem) =>
      Effect.suspend(() => {
        refusedTold = refused
        refusedTellAt = now() + tellEvery
        return note("error", "sink-refused", `${problem.sentence}; ${plural(refused, "message")} lost so far`, {
          refused
        })
      })

    const attempt = (batch: ReadonlyArray<Delivery>, begun: number, wait: number): Effect.Effect<void> =>
      Effect.matchEffect(Effect.suspend(() => options.write(batch)), {
        onSuccess: () => {
          const recovered = failing ? note("info", "sink-recovered", "takes messages again", {}) : Effect.void
          failing = false
          return Effect.andThen(count("taken", batch.length), recovered)
        },
        onFailure: (problem) => {
          const { retry } = options
          const pause = Math.max(wait, problem.retryAfter ?? 0)
          if (retry === false || problem.rejected === true || now() + pause - begun > retry.during) {
            return refuse(problem, batch.length)
          }
          const waiting = room.size + batch.length
          const told = failing
            ? Effect.void
            : note(
              "error",
              "sink-failed",
              `${problem.sentence}; ${plural(waiting, "message")} waiting, and it is tried again`,
              {
                waiting
              }
            )
          failing = true
          return told.pipe(
            Effect.andThen(pausing(pause)),
            Effect.andThen(attempt(batch, begun, Math.min(retry.cap, wait * 2)))
          )
        }
      })

    const gathered = (first: ReadonlyArray<Delivery>): Effect.Effect<ReadonlyArray<Delivery>> =>
      options.gather === undefined || first.length >= most
        ? Effect.succeed(first)
        : Effect.map(pausing(options.gather), () => [...first, ...room.takeNow(most - first.length)])

    const work: Effect.Effect<void> = Effect.flatMap(room.take(most), (first) => {
      if (first.length === 0) return Effect.void
      inHand += first.length
      return Effect.flatMap(gathered(first), (batch) => {
        inHand += batch.length - first.length
        return attempt(batch, now(), options.retry === false ? 0 : options.retry.first).pipe(
          Effect.andThen(Effect.suspend(() => {
            inHand -= batch.length
            return work
          }))
        )
      })
    })

    const fibers = yield* Effect.forEach(
      Array.from({ length: workers }),
      () => Effect.forkDetach(work, { startImmediately: true })
    )
    yield* Effect.addFinalizer(() =>
      Effect.gen(function*() {
        ending = true
        room.end()
        closing.openUnsafe()
        yield* Effect.timeoutOption(Fiber.awaitAll(fibers), shutdown.ofQueue)
        yield* Fiber.interruptAll(fibers)
        if (dropped !== droppedTold) yield* tellDropped
        if (refused !== refusedTold) {
          yield* note("error", "sink-refused", `${plural(refused, "message")} lost`, { refused })
        }
        const left = room.size + inHand
        if (left > 0) {
          yield* note("error", "sink-unfinished", `closed with ${plural(left, "message")} not written`, { left })
        }
      })
    )

    return {
      name,
      offer: (deliveries) =>
        Effect.suspend(() => {
          if (onFull === "backpressure") return room.offer(deliveries)
          const taken = room.offerNow(deliveries)
          return taken === deliveries.length ? Effect.void : drop(deliveries.length - taken)
        })
    }
  })

/** What the config says of it, and what it does not. */
export const waiting = (
  sink: Pick<Sink, "queue" | "queueSize" | "onFull">
): Pick<QueuedSinkOptions, "bounds" | "onFull"> => ({
  bounds: {
    messages: sink.queue ?? 1000,
    bytes: sink.queueSize === undefined ? 16 * 1024 * 1024 : bytesOf(sink.queueSize) ?? 0
  },
  onFull: sink.onFull ?? "backpressure"
})
