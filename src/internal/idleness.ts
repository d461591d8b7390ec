/**
 * Does the peer still send anything of its own? Only watches.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { ConnectionError } from "../ConnectionError.ts"
import type { GuardContext } from "../Heartbeat.ts"
import type { Link } from "../Link.ts"
import { bury, lateAfter, sleepUntil } from "./liveness.ts"

/** Fails when no message and no ping of the peer's came for `within`; never succeeds. */
export const watch = Effect.fnUntraced(function*(
  link: Link,
  context: GuardContext | undefined,
  within: Duration.Duration
): Effect.fn.Return<never, ConnectionError> {
  const clock = yield* Clock.Clock
  const limit = Duration.toNanosUnsafe(within)
  const tolerance = lateAfter(limit)
  let countFrom = clock.monotonicTimeNanosUnsafe()
  let notBefore = countFrom
  let wasPaused = false

  const observe = (now: bigint): void => {
    const paused = link.paused()
    if (paused || wasPaused) countFrom = now
    wasPaused = paused
  }
  const judgeAt = (): bigint => {
    const last = link.lastData()
    const due = (last > countFrom ? last : countFrom) + limit
    return due > notBefore ? due : notBefore
  }

  while (true) {
    const target = judgeAt()
    yield* sleepUntil(clock, target)
    if (!link.writable()) return yield* Effect.never
    let now = clock.monotonicTimeNanosUnsafe()
    observe(now)
    if (now < judgeAt()) continue
    // Timers run before the sockets are read: what has arrived by now is heard first.
    yield* Effect.yieldNow
    if (!link.writable()) return yield* Effect.never
    const isLate = now - target > tolerance
    now = clock.monotonicTimeNanosUnsafe()
    observe(now)
    if (now < judgeAt()) continue
    if (!isLate) return yield* bury(link, context, now - link.lastData(), { interval: within, timeout: within })
    // We were stalled or suspended: the peer gets a little time more.
    notBefore = now + tolerance
  }
})
