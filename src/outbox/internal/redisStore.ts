/**
 * Outboxes in Redis, two keys each: a hash that says who the owner is and which
 * number comes next, and a sorted set of messages by their numbers.
 */
import * as Effect from "effect/Effect"
import * as Redis from "effect/persistence/Redis"
import { drawId } from "./identity.ts"
import { fenced, type Operation, type OutboxLog, OutboxStoreError, outOfTurn } from "./log.ts"

/** Nothing of this mends itself; a Redis that is away, loading or full may. */
const lasting = /\b(?:NOAUTH|NOPERM|WRONGPASS|WRONGTYPE)\b/

const failedTo = (operation: Operation) => (error: Redis.RedisError): OutboxStoreError =>
  new OutboxStoreError({ operation, cause: error.cause, retryable: !lasting.test(String(error.cause)) })

type Keys = readonly [owner: string, messages: string]
type Argument = string | number

const script = <Result>(lua: string) =>
  Redis.script((keys: Keys, ...rest: ReadonlyArray<Argument>) => [...keys, ...rest], { lua, numberOfKeys: 2 })
    .withReturnType<Result>()

const opening = script<ReadonlyArray<string | number>>(`
  redis.call("HSETNX", KEYS[1], "id", ARGV[1])
  redis.call("HSETNX", KEYS[1], "next", 1)
  local owner = redis.call("HINCRBY", KEYS[1], "owner", 1)
  return { redis.call("HGET", KEYS[1], "id"), owner, redis.call("HGET", KEYS[1], "next"), redis.call("ZCARD", KEYS[2]) }
`)

const owned = `
  if redis.call("HGET", KEYS[1], "owner") ~= ARGV[1] then return { "fenced" } end
`

const appending = script<readonly [string, (string | number)?]>(`${owned}
  local first, count = tonumber(ARGV[2]), #ARGV - 2
  local next = tonumber(redis.call("HGET", KEYS[1], "next"))
  if first + count <= next then return { "stored" } end
  if first ~= next then return { "turn", next } end
  for i = 1, count do
    local sequence = string.format("%d", first + i - 1)
    redis.call("ZADD", KEYS[2], sequence, sequence .. " " .. ARGV[i + 2])
  end
  redis.call("HSET", KEYS[1], "next", string.format("%d", first + count))
  return { "stored" }
`)

const reading = script<ReadonlyArray<string>>(`${owned}
  local entries = redis.call("ZRANGEBYSCORE", KEYS[2], ARGV[2], "+inf", "LIMIT", 0, ARGV[3])
  table.insert(entries, 1, "read")
  return entries
`)

const acknowledging = script<readonly [string]>(`${owned}
  for i = 2, #ARGV do redis.call("ZREMRANGEBYSCORE", KEYS[2], ARGV[i], ARGV[i]) end
  return { "gone" }
`)

export const open = Effect.fnUntraced(function*(
  redis: Redis.Redis["Service"],
  prefix: string,
  name: string
): Effect.fn.Return<OutboxLog, OutboxStoreError> {
  // The braces keep both on one node of a cluster.
  const keys: Keys = [`${prefix}:{${name}}:owner`, `${prefix}:{${name}}:messages`]
  const [id, owner, next, pending] = yield* Effect.mapError(
    redis.eval(opening)(keys, yield* drawId),
    failedTo("open")
  )
  const token = String(owner)

  const owning = <Answer extends ReadonlyArray<unknown>>(
    operation: Operation,
    answer: Effect.Effect<Answer, Redis.RedisError>
  ): Effect.Effect<Answer, OutboxStoreError> =>
    Effect.flatMap(
      Effect.mapError(answer, failedTo(operation)),
      (answer) => answer[0] === "fenced" ? Effect.fail(fenced(operation, name)) : Effect.succeed(answer)
    )

  return {
    id: String(id),
    next: Number(next),
    pending: Number(pending),
    append: (first, payloads) =>
      Effect.flatMap(
        owning("append", redis.eval(appending)(keys, token, first, ...payloads)),
        ([said, next]) => said === "turn" ? Effect.fail(outOfTurn(first, Number(next))) : Effect.void
      ),
    read: (from, limit) =>
      Effect.map(owning("read", redis.eval(reading)(keys, token, from, limit)), ([, ...entries]) => entries.map(parse)),
    ack: (sequences) => Effect.asVoid(owning("ack", redis.eval(acknowledging)(keys, token, ...sequences)))
  }
})

const parse = (member: string) => {
  const space = member.indexOf(" ")
  return { sequence: Number(member.slice(0, space)), payload: member.slice(space + 1) }
}
