/**
 * A sink that runs a command for each message: the message is its stdin, and
 * what is known of it in its environment.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { ChildProcessSpawner } from "effect/process/ChildProcessSpawner"
import * as Stream from "effect/Stream"
import { programName } from "../../config/programName.ts"
import { millisOf } from "../../config/quantities.ts"
import type { Sink } from "../../config/schema.ts"
import { Output } from "../../output.ts"
import { systemCause } from "../../systemCause.ts"
import { bodyOf, type Delivery, isoOf } from "../delivery.ts"
import { program } from "../program.ts"
import { queuedSink, SinkProblem, waiting } from "../queuedSink.ts"

/** Opens the sink for the life of the scope. Each message is given to one command, once, whatever becomes of it. */
export const commandSink = Effect.fnUntraced(function*(name: string, sink: Extract<Sink, { type: "command" }>) {
  const output = yield* Output
  const spawner = yield* ChildProcessSpawner
  const timeout = Duration.millis(millisOf(sink.timeout ?? "1 minute") ?? 0)
  const called = programName(sink.command)

  const run = (delivery: Delivery) =>
    Effect.gen(function*() {
      const body = bodyOf(delivery, sink.format ?? "raw")
      const handle = yield* spawner.spawn(program(sink.command, {
        // A program that reads less than the message is none of our business: it may have seen enough.
        stdin: { stream: Stream.make(typeof body === "string" ? Buffer.from(body) : body), endOnDone: true },
        stdout: "inherit",
        stderr: "inherit",
        env: {
          HOLDFAST_CONNECTION: delivery.connection,
          HOLDFAST_AT: isoOf(delivery.at),
          HOLDFAST_SESSION: delivery.session === undefined ? "" : String(delivery.session),
          HOLDFAST_TYPE: typeof delivery.message === "string" ? "text" : "binary"
        }
      }))
      return yield* handle.exitCode
    }).pipe(
      Effect.scoped,
      Effect.mapError((error) => new SinkProblem({ sentence: `${called} cannot be run: ${systemCause(error)}` })),
      Effect.timeoutOrElse({
        duration: timeout,
        orElse: () =>
          Effect.fail(
            new SinkProblem({ sentence: `${called} was not done after ${Duration.format(timeout)}, and was ended` })
          )
      }),
      Effect.flatMap((code) =>
        code === 0 ? Effect.void : Effect.fail(new SinkProblem({ sentence: `${called} failed with exit code ${code}` }))
      )
    )

  return yield* queuedSink({
    name,
    output,
    ...waiting(sink),
    workers: sink.concurrency ?? 1,
    most: 1,
    write: (batch) => Effect.forEach(batch, run, { discard: true }),
    retry: false
  })
})
