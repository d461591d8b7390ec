/**
 * The ways to read a protocol: as the connection itself is read, with values in
 * place of messages.
 */
import type { NonEmptyReadonlyArray } from "effect/Array"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Pull from "effect/Pull"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { ConnectionService } from "../Connection.ts"
import type { ConnectionError } from "../ConnectionError.ts"
import type { Message } from "../Link.ts"
import type { Decodings } from "./decodings.ts"
import { type Listener, Listeners } from "./listeners.ts"

/** Batches of values; nothing is awaited between two batches that have none. */
export const values = <A, E>(
  decodings: Decodings<A, ConnectionError>,
  pull: Pull.Pull<NonEmptyReadonlyArray<Message>, E>
): Pull.Pull<NonEmptyReadonlyArray<A>, E | ConnectionError> => {
  let error: ConnectionError | undefined
  const next: Pull.Pull<NonEmptyReadonlyArray<A>, E | ConnectionError> = Effect.suspend(() =>
    error === undefined ? more : Effect.fail(error)
  )
  const more: Pull.Pull<NonEmptyReadonlyArray<A>, E | ConnectionError> = Effect.flatMap(pull, (messages) => {
    const batch = decodings.ofBatch(messages)
    error = batch.error
    return batch.values.length > 0 ? Effect.succeed(batch.values as unknown as NonEmptyReadonlyArray<A>) : next
  })
  return next
}

/** Values of a stream of messages, with the same ends. */
export const valuesOf = <A, E>(
  decodings: Decodings<A, ConnectionError>,
  messages: Stream.Stream<Message, E>
): Stream.Stream<A, E | ConnectionError> =>
  Stream.transformPull(messages, (pull) => Effect.succeed(values(decodings, pull)))

/** Handlers that are called inside the socket's callback, behind one handler of the connection. */
export class TypedListeners<A> {
  private readonly connection: ConnectionService
  private readonly decodings: Decodings<A, ConnectionError>
  private readonly listeners: Listeners<A>
  private scope: Scope.Closeable | undefined = undefined

  constructor(
    connection: ConnectionService,
    decodings: Decodings<A, ConnectionError>,
    onThrown: (defect: unknown) => void
  ) {
    this.connection = connection
    this.decodings = decodings
    this.listeners = new Listeners({ onThrown })
  }

  listen(handler: Listener<A>): Effect.Effect<void, never, Scope.Scope> {
    return Effect.asVoid(Effect.acquireRelease(
      Effect.suspend(() => {
        const stop = this.listeners.add(handler)
        return Effect.as(this.begin, stop)
      }),
      (stop) =>
        Effect.suspend(() => {
          stop()
          return this.end
        })
    ))
  }

  private readonly hear = (message: Message): void => {
    this.decodings.ofMessage(message, (value) => this.listeners.call(value))
  }

  private get begin(): Effect.Effect<void> {
    if (this.scope !== undefined) return Effect.void
    const scope = this.scope = Scope.makeUnsafe()
    return Scope.provide(this.connection.listen(this.hear), scope)
  }

  private get end(): Effect.Effect<void> {
    const { scope } = this
    if (scope === undefined || this.listeners.size > 0) return Effect.void
    this.scope = undefined
    return Scope.close(scope, Exit.void)
  }
}

/** Single values of a session: what stands behind them in the same message comes next. */
export class SingleValues<A> {
  private readonly decodings: Decodings<A, ConnectionError>
  private readonly message: Effect.Effect<Message, ConnectionError>
  private rest: Array<A> = []
  private error: ConnectionError | undefined = undefined

  constructor(decodings: Decodings<A, ConnectionError>, message: Effect.Effect<Message, ConnectionError>) {
    this.decodings = decodings
    this.message = message
  }

  /** The next one; what is invalid is passed over, or fails it. */
  get receive(): Effect.Effect<A, ConnectionError> {
    const next: Effect.Effect<A, ConnectionError> = Effect.suspend(() => {
      if (this.rest.length > 0) return Effect.succeed(this.rest.shift()!)
      const { error } = this
      if (error !== undefined) {
        this.error = undefined
        return Effect.fail(error)
      }
      return Effect.flatMap(this.message, (message) => {
        this.error = this.decodings.ofMessage(message, (value) => {
          this.rest.push(value)
        })
        return next
      })
    })
    return next
  }

  /** What was not received yet of a message that was begun. */
  takeRest(): ReadonlyArray<A> {
    const { rest } = this
    this.rest = []
    return rest
  }
}
