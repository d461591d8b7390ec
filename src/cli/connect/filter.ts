/**
 * `connect` in a pipe: lines in, messages out, until everything was sent and
 * nothing has come for a while.
 */
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Pull from "effect/Pull"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { ConnectionService } from "../../Connection.ts"
import type { ConnectionError } from "../../ConnectionError.ts"
import type { Message } from "../../Link.ts"
import type { CliFailure } from "../failure.ts"
import type { Output } from "../output.ts"
import type { Input } from "./input.ts"
import { Printer, type PrintFormat } from "./printer.ts"
import type { Receipts } from "./receipts.ts"

/** What the filter does. */
export interface FilterOptions {
  readonly input: Input
  readonly format: PrintFormat
  /** How long nothing must have come, after everything was sent. */
  readonly wait: Duration.Duration
  readonly count: Option.Option<number>
  readonly expect: ((message: Message) => boolean) | undefined
  /** Lines that are commands, and what they do; the others are messages. */
  readonly command: ((line: string) => Effect.Effect<void> | undefined) | undefined
}

/** How it went. */
export interface Outcome {
  /** Whether what was wanted came: a match, or the number of messages. */
  readonly satisfied: boolean
  readonly received: number
  /** Messages that were read from the input and not handed to a socket. */
  readonly unsent: number
  /** Messages that the peer had not confirmed when we closed. */
  readonly unconfirmed: number
  /** Why the connection was closed for good, where it was not us. */
  readonly error: ConnectionError | undefined
}

/** How long the peer may take to confirm what was sent, before the closing handshake. */
const patience = "10 seconds"

/** Runs until it is satisfied, ended, or the connection is closed for good. */
export const filter = (
  connection: ConnectionService,
  output: Output["Service"],
  receipts: Receipts,
  options: FilterOptions
): Effect.Effect<Outcome, CliFailure, Scope.Scope> =>
  Effect.gen(function*() {
    const { count, expect, format, wait } = options
    const clock = yield* Clock.clockWith(Effect.succeed)
    const now = () => DateTime.formatIso(DateTime.makeUnsafe(clock.currentTimeMillisUnsafe()))
    const wanted = Option.getOrElse(count, () => Infinity)
    const printer = new Printer(format, output.terminal.stdout)
    const pull = yield* connection.subscribe
    let received = 0
    let read = 0
    let activity = clock.monotonicTimeNanosUnsafe()
    let writing = false
    const allSaid = yield* Deferred.make<void>()
    let unconfirmed = 0

    /** As much of a batch as is wanted, and whether that was all. */
    const take = (
      batch: ReadonlyArray<Message>
    ): { readonly messages: ReadonlyArray<Message>; readonly last: boolean } => {
      const match = expect === undefined ? -1 : batch.findIndex(expect)
      const most = Math.min(match === -1 ? batch.length : match + 1, wanted - received)
      const messages = most === batch.length ? batch : batch.slice(0, most)
      received += messages.length
      return { messages, last: match !== -1 && match < most || received >= wanted }
    }

    // True where what was wanted came, false where the connection was closed by us.
    const reading: Effect.Effect<boolean, CliFailure | ConnectionError> = Effect.gen(function*() {
      while (true) {
        const batch = yield* Pull.catchDone(pull, () => Effect.succeed(undefined))
        if (batch === undefined) return false
        writing = true
        const { last, messages } = take(batch)
        for (const piece of printer.pieces(messages, now)) yield* output.write(piece)
        writing = false
        activity = clock.monotonicTimeNanosUnsafe()
        if (last) return true
      }
    })

    const send = (batch: ReadonlyArray<Message>): Effect.Effect<void, ConnectionError> => {
      read += batch.length
      return connection.sendAll(batch)
    }
    const { command } = options
    // Commands are rare, and run in their place between messages.
    const sendOrRun = (batch: ReadonlyArray<Message>): Effect.Effect<void, ConnectionError> =>
      command === undefined ? send(batch) : Effect.forEach(batch, (message) => {
        const run = typeof message === "string" ? command(message) : undefined
        return run ?? send([literal(message)])
      }, { discard: true })

    const silence = Effect.gen(function*() {
      if (!Duration.isFinite(wait)) return yield* Effect.never
      activity = clock.monotonicTimeNanosUnsafe()
      while (true) {
        // Answers are awaited from a server that can give some.
        const { openedAt } = yield* connection.awaitOpen
        const opened = clock.currentTimeMillisUnsafe() - openedAt.epochMilliseconds
        const idle = writing ? 0 : Number(clock.monotonicTimeNanosUnsafe() - activity) / 1e6
        const left = Duration.toMillis(wait) - Math.min(idle, opened)
        if (left <= 0 && !writing) return
        yield* Effect.sleep(Math.max(left, 5))
      }
    })

    const sending = Effect.gen(function*() {
      // Nothing is taken from whoever writes to us before somebody can have it.
      yield* Effect.catch(connection.awaitOpen, (error) => receipts.sessions > 0 ? Effect.void : Effect.fail(error))
      yield* Stream.runForEach(options.input, sendOrRun)
      yield* Deferred.succeed(allSaid, undefined)
      // What is lost with a session is counted elsewhere.
      yield* Effect.ignore(connection.flush)
      yield* Effect.timeoutOption(receipts.settled, patience)
      yield* silence
      unconfirmed = receipts.open
      yield* Effect.ignore(connection.close())
    })

    const result = yield* Effect.result(
      Effect.raceFirst(
        // Whether there was more to say is known in a moment: either the input has ended, or some of it cannot be sent.
        Effect.tapErrorTag(
          reading,
          "ConnectionError",
          () => Effect.timeoutOption(Deferred.await(allSaid), "200 millis")
        ),
        sending.pipe(
          // What has come is printed before the end of a connection is told: that is the reader's.
          Effect.catchTag("ConnectionError", () => Deferred.succeed(allSaid, undefined)),
          Effect.andThen(Effect.never)
        )
      )
    )
    const outcome = { received, unconfirmed, unsent: Math.max(0, read - receipts.sent) }
    if (result._tag === "Success") return { ...outcome, satisfied: result.success, error: undefined }
    if (result.failure._tag === "CliFailure") return yield* result.failure
    return { ...outcome, satisfied: false, error: result.failure }
  })

/** `//text` is the message `/text`, where lines may be commands. */
const literal = (message: Message): Message =>
  typeof message === "string" && message.startsWith("//") ? message.slice(1) : message
