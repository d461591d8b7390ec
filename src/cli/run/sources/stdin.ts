/**
 * A source that sends each line of stdin.
 */
import * as Effect from "effect/Effect"
import * as Stdio from "effect/Stdio"
import * as Stream from "effect/Stream"
import { LineSplitter } from "../lineSplitter.ts"
import type { Receiver } from "./receiver.ts"

/** Reads to the end of stdin, which is no reason to end the connection. */
export const readStdin = Effect.fnUntraced(function*(receiver: Receiver): Effect.fn.Return<void, never, Stdio.Stdio> {
  const { stdin } = yield* Stdio.Stdio
  yield* sendLines(stdin, receiver).pipe(
    Effect.andThen(receiver.tell("ended", "debug")),
    Effect.catch((error) => receiver.tell(`cannot be read: ${error.message}`))
  )
})

/** Sends the lines of a stream of bytes, as fast as the connection takes them. */
export const sendLines = <E, R>(
  stream: Stream.Stream<Uint8Array, E, R>,
  receiver: Receiver
): Effect.Effect<void, E, R> => {
  const lines = new LineSplitter()
  return stream.pipe(
    Stream.runForEach((bytes) => Effect.andThen(receiver.receive(lines.push(bytes)), receiver.skipped(lines.skipped))),
    Effect.andThen(Effect.suspend(() => receiver.receive(lines.end())))
  )
}
