/**
 * A sink that writes messages to a file, which is set aside when it is large or
 * old enough, and opened anew on SIGHUP.
 */
import * as Effect from "effect/Effect"
import { bytesOf } from "../../config/quantities.ts"
import type { Sink } from "../../config/schema.ts"
import { Output } from "../../output.ts"
import { systemCause } from "../../systemCause.ts"
import { linesOf } from "../delivery.ts"
import { queuedSink, SinkProblem, waiting } from "../queuedSink.ts"
import { rotatingFile } from "../rotatingFile.ts"
import { Workshop } from "../workshop.ts"

/** Tried again for as long as it takes: a disk may be full for a night. */
const retry = { first: 1000, cap: 10_000, during: Infinity }

/** Opens the sink for the life of the scope. */
export const fileSink = Effect.fnUntraced(function*(name: string, sink: Extract<Sink, { type: "file" }>) {
  const { onReopen } = yield* Workshop
  const output = yield* Output
  const format = sink.format ?? "ndjson"
  const file = yield* rotatingFile({
    path: sink.path,
    maxSize: sink.maxSize === undefined ? undefined : bytesOf(sink.maxSize),
    maxFiles: sink.maxFiles,
    every: sink.every
  })
  yield* Effect.acquireRelease(
    Effect.sync(() => onReopen(file.reopen)),
    (forget) => Effect.sync(forget)
  )
  return yield* queuedSink({
    name,
    output,
    ...waiting(sink),
    workers: 1,
    most: 256,
    write: (batch) =>
      Effect.mapError(
        file.write(linesOf(batch, format)),
        (error) => new SinkProblem({ sentence: `${sink.path} cannot be written: ${systemCause(error)}` })
      ),
    retry
  })
})
