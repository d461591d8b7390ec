/** Ids that are drawn at random. */
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"

const half = Effect.map(Random.nextIntBetween(0, 2 ** 32 - 1), (value) => value.toString(16).padStart(8, "0"))

/** 16 hexadecimal digits. */
export const drawId: Effect.Effect<string> = Effect.zipWith(half, half, (high, low) => high + low)
