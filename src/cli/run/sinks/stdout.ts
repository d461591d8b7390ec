/**
 * A sink that writes messages to stdout.
 */
import * as Effect from "effect/Effect"
import type { Sink } from "../../config/schema.ts"
import { Output } from "../../output.ts"
import { visible } from "../../visible.ts"
import { linesOf } from "../delivery.ts"
import { queuedSink, SinkProblem, waiting } from "../queuedSink.ts"
import { Workshop } from "../workshop.ts"

/** Opens the sink for the life of the scope. A stdout that cannot be written is the end of the whole: it never comes back. */
export const stdoutSink = Effect.fnUntraced(function*(name: string, sink: Extract<Sink, { type: "stdout" }>) {
  const output = yield* Output
  const { giveUp } = yield* Workshop
  const format = output.json ? "ndjson" : sink.format ?? "raw"
  const shown = (lines: Uint8Array): Uint8Array | string =>
    output.terminal.stdout ? visible(Buffer.from(lines).toString()) : lines
  return yield* queuedSink({
    name,
    output,
    ...waiting(sink),
    workers: 1,
    most: 256,
    write: (batch) =>
      output.write(shown(linesOf(batch, format))).pipe(
        Effect.tapError(giveUp),
        Effect.mapError(({ message }) => new SinkProblem({ sentence: `cannot be written: ${message}`, rejected: true }))
      ),
    retry: false
  })
})
