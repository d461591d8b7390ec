// The Redis that tests may find on their machine.
import * as NodeRedis from "@effect/platform-node/NodeRedis"
import * as Effect from "effect/Effect"
import * as Redis from "effect/persistence/Redis"

/** At its own port, or at one that leads there. */
export const redis = (port = 6379) => NodeRedis.layer({ socket: { host: "127.0.0.1", port } })

/** Takes away what a store has left. */
export const dropKeys = (prefix: string) =>
  Effect.gen(function*() {
    const { send } = yield* Redis.Redis
    const keys = yield* send<ReadonlyArray<string>>("KEYS", `${prefix}:*`)
    if (keys.length > 0) yield* send("DEL", ...keys)
  }).pipe(Effect.provide(redis()))
