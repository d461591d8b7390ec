/**
 * Runs the user's `greet`: alone with the link, before anybody else.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import * as CloseCode from "../CloseCode.ts"
import {
  ConnectionError,
  fromCloseFrame,
  GreetingFailed,
  HandshakeTimeout,
  InvalidRequest,
  isConnectionError
} from "../ConnectionError.ts"
import type { GreetSession, Handshake } from "../Handshake.ts"
import type { Link, Message } from "../Link.ts"
import { within } from "./deadline.ts"
import type { ObservedScope } from "./observedScope.ts"
import { type InTurn, sendInTurn } from "./rateWindow.ts"

/** What greeting leaves behind. */
export interface Greeted {
  /** Replaces the `Heartbeat` service for this session. */
  readonly heartbeat: Effect.Effect<never, unknown> | undefined
  /** Messages that `greet` pulled and did not take. */
  readonly leftover: ReadonlyArray<Message>
}

const silent: Greeted = { heartbeat: undefined, leftover: [] }

/**
 * Greets within the deadline. Where the link ended meanwhile, its own reason
 * counts: a 4004 must be seen as 4004.
 */
export const greet = Effect.fnUntraced(function*(
  handshake: Handshake["Service"],
  link: Link,
  observed: ObservedScope,
  { attempt, inTurn }: { readonly attempt: number; readonly inTurn?: InTurn | undefined }
): Effect.fn.Return<Greeted, ConnectionError> {
  if (Option.isNone(handshake.greet)) return silent
  let batch: ReadonlyArray<Message> = []
  let index = 0
  const leftover: Array<Message> = []
  let over = false
  // A link has one puller; `greet` may have several fibers.
  const turn = Semaphore.makeUnsafe(1)
  let endedByGreet: ConnectionError | undefined

  const error = (reason: ConnectionError["reason"]): ConnectionError =>
    new ConnectionError({ reason, attempt, endpoint: link.endpoint })

  const take: Effect.Effect<Message, ConnectionError> = Effect.suspend(() => {
    if (over) {
      return Effect.fail(error(
        new InvalidRequest({
          option: "greet",
          problem: "`receive` was called after `greet` had finished; use `Connection.messages`"
        })
      ))
    }
    if (index < batch.length) return Effect.succeed(batch[index++]!)
    return Effect.flatMap(link.pull as Effect.Effect<ReadonlyArray<Message>, ConnectionError>, (next) => {
      // A fiber that `greet` left behind: what it pulled too late is the connection's.
      if (over) {
        leftover.push(...next)
        return link.ended
      }
      batch = next
      index = 0
      return take
    })
  })

  const session: GreetSession = {
    endpoint: link.endpoint,
    subprotocol: link.subprotocol,
    response: link.response,
    send: (message) => inTurn === undefined ? link.write([message]) : sendInTurn(link, message, inTurn),
    receive: turn.withPermit(take),
    end: (options) =>
      Effect.flatMap(checkClose(options, attempt, link.endpoint), ({ code, reason }) => {
        const ended = error(fromCloseFrame({ code, closeReason: reason, initiator: "self" }))
        endedByGreet ??= ended
        if (!over) return link.close(code, reason)
        // The session is open: it ends now, and not when a peer that may be dead has answered.
        return Effect.andThen(link.close(code, reason), Effect.sync(() => observed.fail(Cause.fail(ended))))
      })
  }

  const exit = yield* failInterrupted(handshake.greet.value(session), (problem): unknown => problem).pipe(
    Scope.provide(observed.scope),
    // What the link says of its own end is worth more than what `greet` makes of it.
    Effect.raceFirst(link.ended),
    within(
      handshake.greetTimeout,
      () => error(new HandshakeTimeout({ phase: "greet", timeout: Option.some(handshake.greetTimeout) }))
    ),
    Effect.exit
  )
  over = true
  // The link's own reason counts, then what `greet` closed it with.
  const ended = link.failure() ?? endedByGreet
  if (ended !== undefined && !(Exit.isFailure(exit) && Cause.hasDies(exit.cause))) return yield* Effect.fail(ended)
  if (Exit.isSuccess(exit)) {
    leftover.push(...batch.slice(index))
    return { heartbeat: heartbeatOf(exit.value), leftover }
  }
  const failure = Cause.findErrorOption(exit.cause)
  if (Option.isNone(failure)) return yield* Effect.failCause(exit.cause as Cause.Cause<never>)
  return yield* Effect.fail(
    isConnectionError(failure.value) ? failure.value : error(new GreetingFailed({ cause: failure.value }))
  )
})

// Whatever else `greet` returns is of no interest.
const heartbeatOf = (greeting: unknown): Effect.Effect<never, unknown> | undefined =>
  Predicate.hasProperty(greeting, "heartbeat") && Effect.isEffect(greeting.heartbeat)
    ? greeting.heartbeat as Effect.Effect<never, unknown>
    : undefined

/**
 * Fails where a user's effect was interrupted from within: by whoever it shares
 * its work with, a cached token for instance. That is an outage, not a defect.
 */
export const failInterrupted = <A, E, R, E2>(
  effect: Effect.Effect<A, E, R>,
  onInterrupted: (problem: string) => E2
): Effect.Effect<A, E | E2, R> =>
  Effect.catchCause(
    effect,
    (cause): Effect.Effect<never, E | E2> =>
      Cause.hasInterruptsOnly(cause) ? Effect.fail(onInterrupted("it was interrupted")) : Effect.failCause(cause)
  )

/** The close code and reason of the user's, or why they cannot be sent. */
export const checkClose = (
  options: { readonly code?: number | undefined; readonly reason?: string | undefined } | undefined,
  attempt: number,
  endpoint: string,
  defaultCode = 1000
): Effect.Effect<{ readonly code: number; readonly reason: string }, ConnectionError> => {
  const code = options?.code ?? defaultCode
  const reason = options?.reason ?? ""
  const problem = !CloseCode.isSendable(code)
    ? new InvalidRequest({
      option: "code",
      problem: `${CloseCode.format(code)} may not be sent by a client; use 1000, 1001, 1002, 1003, 1007 to 1011, ` +
        "or 3000 to 4999"
    })
    : typeof reason !== "string"
    ? new InvalidRequest({ option: "reason", problem: "a close reason is a string" })
    : undefined
  if (problem !== undefined) return Effect.fail(new ConnectionError({ reason: problem, attempt, endpoint }))
  const cut = CloseCode.truncateReason(reason)
  const checked = Effect.succeed({ code, reason: cut })
  return cut.length === reason.length
    ? checked
    : Effect.tap(checked, () => Effect.logWarning("a close reason was cut to 123 bytes (RFC 6455 §5.5)"))
}
