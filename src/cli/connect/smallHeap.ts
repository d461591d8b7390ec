/**
 * Keeps the process small while much flows through it.
 */
import * as Effect from "effect/Effect"
import { setFlagsFromString } from "node:v8"

/**
 * V8 lets the young generation of its heap grow with all that ever survived a
 * collection of it: after a million messages it is 64 MiB, though no more than a
 * few hundred KiB are ever alive. From now on it grows no more. A V8 that does not
 * know the flag says so on stderr, and goes on.
 */
export const smallHeap: Effect.Effect<void> = Effect.sync(() => setFlagsFromString("--semi-space-growth-factor=1"))
