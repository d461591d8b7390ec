// A process in which Effect is imported, and runs. Both cost something by themselves: the heap is larger, and what
// decodes with a Schema shares functions with every fiber, which V8 then compiles for more than one use.
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import "effect/Layer"
import "effect/Schema"
import * as Stream from "effect/Stream"
import "effect/socket/Socket"

/** What every program has: fibers, failures, streams, scopes, waits. */
const program = Effect.gen(function*() {
  const fiber = yield* Effect.forkChild(Effect.sleep(0))
  yield* Effect.ignore(Effect.fail("expected"))
  yield* Stream.runForEachArray(Stream.make(1, 2, 3), () => Effect.yieldNow)
  yield* Effect.scoped(Effect.addFinalizer(() => Effect.void))
  yield* Effect.callback<void>((resume) => resume(Effect.void))
  yield* Fiber.join(fiber)
})

/** To be called in all contenders' processes alike. */
export const useEffect = (): Promise<void> => Effect.runPromise(Effect.repeat(program, { times: 500 })).then(() => {})
