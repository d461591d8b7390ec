/**
 * A sink that writes messages to the stdin of one command, which is started again
 * when it dies.
 */
import type * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { ChildProcessSpawner } from "effect/process/ChildProcessSpawner"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import { programName } from "../../config/programName.ts"
import { millisOf } from "../../config/quantities.ts"
import type { Sink } from "../../config/schema.ts"
import { Output } from "../../output.ts"
import * as shutdown from "../../shutdown.ts"
import { systemCause } from "../../systemCause.ts"
import { linesOf } from "../delivery.ts"
import { program } from "../program.ts"
import { queuedSink, SinkProblem, waiting } from "../queuedSink.ts"
import { restarting } from "../restarts.ts"

interface Handover {
  readonly bytes: Uint8Array
  readonly done: Deferred.Deferred<void, SinkProblem>
}

/**
 * Opens the sink for the life of the scope. What the command was given and has not
 * read when it dies is lost with it; what it could not be given any more is given
 * to the next one.
 */
export const pipeSink = Effect.fnUntraced(function*(name: string, sink: Extract<Sink, { type: "pipe" }>) {
  const output = yield* Output
  const spawner = yield* ChildProcessSpawner
  const called = programName(sink.command)
  const handovers = yield* Queue.make<Handover, Cause.Done>({ capacity: 1 })
  let ending = false

  const once = Effect.scoped(Effect.gen(function*() {
    let inHand: Handover | undefined
    const handedOver = Effect.sync(() => {
      if (inHand !== undefined) Deferred.doneUnsafe(inHand.done, Effect.void)
      inHand = undefined
    })
    // The next one is asked for when the one before is in the pipe.
    const input = Stream.fromPull(Effect.succeed(
      handedOver.pipe(
        Effect.andThen(Queue.take(handovers)),
        Effect.map((handover) => {
          inHand = handover
          return [handover.bytes] as const
        }),
        Effect.onExit((exit) => exit._tag === "Failure" ? handedOver : Effect.void)
      )
    ))
    const handle = yield* spawner.spawn(program(sink.command, {
      stdin: { stream: input, endOnDone: true },
      stdout: "inherit",
      stderr: "inherit",
      env: {}
    }))
    return yield* Effect.onExit(handle.exitCode, () =>
      Effect.sync(() => {
        if (inHand === undefined) return
        Deferred.doneUnsafe(inHand.done, Effect.fail(new SinkProblem({ sentence: `${called} ended` })))
      }))
  })).pipe(
    Effect.map((code) => `ended with exit code ${code}`),
    Effect.catch((error) => Effect.succeed(`cannot be run: ${systemCause(error)}`))
  )

  const runner = yield* Effect.forkDetach(
    restarting(
      Effect.flatMap(once, (how) => ending ? Effect.interrupt : Effect.succeed(how)),
      {
        first: millisOf(sink.restart?.first ?? "1 second") ?? 0,
        cap: millisOf(sink.restart?.cap ?? "30 seconds") ?? 0
      },
      (how, pause) =>
        output.note(
          "warn",
          "sink-restarts",
          `sink ${name}: ${called} ${how}; started again in ${Duration.format(Duration.millis(pause))}`,
          { sink: name }
        )
    ),
    { startImmediately: true }
  )
  // After the last message it has its end of input, and some time to do what it does then.
  yield* Effect.addFinalizer(() =>
    Effect.gen(function*() {
      ending = true
      yield* Queue.end(handovers)
      yield* Effect.timeoutOption(Fiber.await(runner), shutdown.ofPipe)
      yield* Fiber.interrupt(runner)
    })
  )

  return yield* queuedSink({
    name,
    output,
    ...waiting(sink),
    workers: 1,
    most: 256,
    write: (batch) =>
      Effect.gen(function*() {
        const done = yield* Deferred.make<void, SinkProblem>()
        yield* Queue.offer(handovers, { bytes: linesOf(batch, sink.format ?? "raw"), done })
        yield* Deferred.await(done)
      }),
    // The command's own pauses are the pauses.
    retry: { first: 1, cap: 1, during: Infinity }
  })
})
