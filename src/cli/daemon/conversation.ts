/**
 * The two sides of a control connection, over any stream that goes both ways: a
 * unix socket, or one that a process has inherited.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as FiberSet from "effect/FiberSet"
import type * as Scope from "effect/Scope"
import type { Duplex } from "node:stream"
import { type CliFailure, failure } from "../failure.ts"
import { readLines, writeLine } from "./lines.ts"
import {
  cancelLine,
  checkReply,
  type Handlers,
  longestLine,
  readReply,
  readRequest,
  type Reply,
  replyLine,
  type Request,
  requestLine
} from "./protocol.ts"

/** Answers what comes over this stream, many at a time, until it ends. What is in progress then is interrupted. */
export const answer = (stream: Duplex, handlers: Handlers): Effect.Effect<void> =>
  Effect.scoped(Effect.gen(function*() {
    const run = yield* FiberSet.makeRuntime<never>()
    const open = new Map<number, Fiber.Fiber<unknown, unknown>>()
    yield* Effect.addFinalizer(() => farewell(stream))
    yield* Effect.callback<void>((resume) => {
      readLines(stream, {
        longest: longestLine,
        onLine: (line) => {
          if (line.trim() === "") return
          const { id, request } = readRequest(line)
          // A message that nobody waits for any more must not go out after all.
          if (request === "cancel") return open.get(id)?.interruptUnsafe()
          const fiber = run(Effect.map(replyTo(id, request, handlers), (reply) => writeLine(stream, reply)))
          open.set(id, fiber)
          fiber.addObserver(() => open.get(id) === fiber && open.delete(id))
        },
        onTooLong: () => stream.destroy()
      })
      stream.on("error", () => undefined)
      stream.on("end", () => resume(Effect.void))
      stream.on("close", () => resume(Effect.void))
    })
  }))

const replyTo = (id: number, request: Request | CliFailure, handlers: Handlers): Effect.Effect<string> =>
  request._tag === "CliFailure"
    ? Effect.succeed(replyLine(id, { failure: request }))
    : handle(request, handlers).pipe(
      Effect.map((reply) => replyLine(id, { reply })),
      Effect.catch((failure) => Effect.succeed(replyLine(id, { failure }))),
      Effect.catchDefect((defect) =>
        Effect.as(
          Effect.logError(`The control socket could not answer ${request._tag}: ${String(defect)}`),
          replyLine(id, { failure: failure("failure", "The daemon failed at this request; its log says more.") })
        )
      )
    )

const handle = <Tag extends Request["_tag"]>(
  request: Extract<Request, { readonly _tag: Tag }>,
  handlers: Handlers
): Effect.Effect<Reply<Tag>, CliFailure> => handlers[request._tag](request)

/** What was written still arrives; who does not read is not waited for. */
const farewell = (stream: Duplex): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    if (stream.destroyed) return resume(Effect.void)
    stream.on("close", () => resume(Effect.void))
    stream.end(() => stream.destroy())
  }).pipe(
    Effect.timeoutOption(250),
    Effect.andThen(Effect.sync(() => void stream.destroy()))
  )

/** The side that asks. */
export interface Client {
  /** Fails with `notRunning` where the other side ends before it has answered. */
  readonly ask: <Tag extends Request["_tag"]>(
    request: Extract<Request, { readonly _tag: Tag }>
  ) => Effect.Effect<Reply<Tag>, CliFailure>
  /** Succeeds when the other side has gone. */
  readonly gone: Effect.Effect<void>
}

/** Asks over this stream, which is destroyed when the scope closes. */
export const clientOf = (stream: Duplex): Effect.Effect<Client, never, Scope.Scope> =>
  Effect.gen(function*() {
    const gone = yield* Deferred.make<void>()
    const waiting = new Map<number, (answer: Effect.Effect<unknown, CliFailure>) => void>()
    let last = 0
    let ending: CliFailure | undefined
    const end = (why: CliFailure) => {
      ending ??= why
      for (const settle of waiting.values()) settle(Effect.fail(ending))
      waiting.clear()
      stream.destroy()
      Deferred.doneUnsafe(gone, Effect.void)
    }
    readLines(stream, {
      longest: longestLine,
      onLine: (line) => {
        const read = Effect.runSyncExit(readReply(line))
        if (read._tag === "Failure") return end(notOurs)
        waiting.get(read.value.id)?.(read.value.answer)
        waiting.delete(read.value.id)
      },
      onTooLong: () => end(notOurs)
    })
    stream.on("error", () => undefined)
    stream.on("close", () => end(left))
    stream.on("end", () => end(left))
    yield* Effect.addFinalizer(() => Effect.sync(() => void stream.destroy()))
    return {
      ask: (request) =>
        Effect.callback<unknown, CliFailure>((resume) => {
          if (ending !== undefined) return resume(Effect.fail(ending))
          const id = ++last
          waiting.set(id, resume)
          writeLine(stream, requestLine(id, request))
          return Effect.sync(() => {
            waiting.delete(id)
            writeLine(stream, cancelLine(id))
          })
        }).pipe(Effect.flatMap((reply) => checkReply(request._tag, reply))),
      gone: Deferred.await(gone)
    }
  })

const left = failure("notRunning", "The daemon ended before it answered.")
const notOurs = failure("failure", "What answers at the control socket is no daemon of holdfast's.")
