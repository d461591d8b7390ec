/**
 * The service that a user is handed: what a connection can do, over the
 * supervisor that does it.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { ConnectionService } from "../Connection.ts"
import type { ConnectionError } from "../ConnectionError.ts"
import type { Message } from "../Link.ts"
import type { CheckedOptions } from "./connectionOptions.ts"
import { checkClose } from "./greeting.ts"
import type { SendOptions } from "./sendOptions.ts"
import { nextSession, sessions, withSessions } from "./sessions.ts"
import { makeSocket } from "./socketAdapter.ts"
import { type Services, Supervisor } from "./supervisor.ts"

/** A connection that begins at once; closing the scope closes it first. */
export const supervise = (
  options: CheckedOptions,
  services: Services
): Effect.Effect<ConnectionService, never, Scope.Scope> =>
  // What is started is also registered to be closed.
  Effect.uninterruptible(Effect.withFiber((fiber) =>
    Effect.gen(function*() {
      const clock = yield* Clock.clockWith(Effect.succeed)
      const scope = yield* Scope.make()
      const context = Context.omit(Scope.Scope)(fiber.context as Context.Context<Scope.Scope>)
      const supervisor = new Supervisor({ options, services, clock, context, fiber, scope })
      supervisor.start()
      yield* Scope.addFinalizer(yield* Effect.scope, closing(supervisor))
      return new SupervisedConnection(supervisor)
    })
  ))

// Apart, since it lives as long as the connection and must not keep the fiber that made it.
const closing = (supervisor: Supervisor): Effect.Effect<void> =>
  Effect.suspend(() =>
    Effect.andThen(
      supervisor.close({ code: supervisor.options.closeCode, reason: "" }),
      // The last transition is published before the fiber itself is gone.
      supervisor.ended
    )
  )

/**
 * The service over its supervisor. Members are made when they are first asked
 * for: most connections of a process that holds thousands use few of them.
 */
class SupervisedConnection implements ConnectionService {
  private readonly supervisor: Supervisor
  private made: { -readonly [K in keyof ConnectionService]?: ConnectionService[K] } = unmade

  constructor(supervisor: Supervisor) {
    this.supervisor = supervisor
  }

  private once<K extends keyof ConnectionService>(key: K, make: () => ConnectionService[K]): ConnectionService[K] {
    if (this.made === unmade) this.made = {}
    return this.made[key] ??= make()
  }

  get name() {
    return this.supervisor.name
  }

  get status() {
    return Effect.sync(() => this.supervisor.status)
  }

  get changes() {
    return this.supervisor.journal.changes
  }

  get events() {
    return this.supervisor.journal.events
  }

  get awaitOpen() {
    return Effect.map(nextSession(this.supervisor), ({ session }) => session)
  }

  get withSessions(): ConnectionService["withSessions"] {
    return this.made.withSessions ?? this.once("withSessions", () => (use) => withSessions(this.supervisor, use))
  }

  get sessions() {
    return sessions(this.supervisor)
  }

  get messages() {
    return Stream.scoped(Stream.fromPull(this.subscribe))
  }

  get subscribe() {
    return subscribe(this.supervisor)
  }

  get listen(): ConnectionService["listen"] {
    return this.made.listen ?? this.once("listen", () => (handler) =>
      Effect.asVoid(Effect.acquireRelease(
        Effect.sync(() => {
          this.supervisor.want()
          return this.supervisor.inbox.listen(handler)
        }),
        (stop) => Effect.sync(stop)
      )))
  }

  get send(): ConnectionService["send"] {
    return this.made.send ?? this.once("send", () => {
      const supervisor = this.supervisor
      return (message, options) =>
        Effect.suspend(() => {
          supervisor.want()
          return supervisor.outbox.send(message, false, options)
        })
    })
  }

  get sendAll(): ConnectionService["sendAll"] {
    return this.made.sendAll ??
      this.once("sendAll", () => (messages, options) => sendAll(this.supervisor, messages, options))
  }

  get prelude(): ConnectionService["prelude"] {
    return this.made.prelude ?? this.once("prelude", () => (run) =>
      Effect.asVoid(Effect.acquireRelease(
        Effect.sync(() => this.supervisor.lifecycle.addPrelude(run)),
        (stop) => Effect.sync(stop)
      )))
  }

  get flush() {
    return Effect.suspend(() => this.supervisor.outbox.flush)
  }

  get reconnect(): ConnectionService["reconnect"] {
    return this.made.reconnect ?? this.once("reconnect", () => (options) =>
      Effect.flatMap(
        checkClose(options, 0, ""),
        (close) => this.supervisor.reconnect({ ...close, respectFloor: options?.respectFloor !== false })
      ))
  }

  get close(): ConnectionService["close"] {
    return this.made.close ??
      this.once(
        "close",
        () => (options) => Effect.flatMap(checkClose(options, 0, ""), (close) => this.supervisor.close(close))
      )
  }

  get await() {
    return this.supervisor.ending.outcome
  }

  get socket() {
    return this.made.socket ?? this.once("socket", () => makeSocket(this.supervisor))
  }
}

const unmade = {}

const subscribe = (supervisor: Supervisor): ConnectionService["subscribe"] =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => {
        supervisor.want()
        const subscription = supervisor.inbox.subscribe({ parked: false })
        const { ending } = supervisor
        if (ending.isReached) {
          supervisor.inbox.finish(subscription, ending.closedByUs ? Cause.done() : ending.failure)
        }
        return subscription
      }),
      (subscription) => Effect.sync(() => supervisor.inbox.unsubscribe(subscription))
    ),
    (subscription) => supervisor.inbox.take(subscription)
  )

const sendAll = (
  supervisor: Supervisor,
  messages: Iterable<Message>,
  options: SendOptions | undefined
): Effect.Effect<void, ConnectionError> =>
  Effect.suspend(() => {
    supervisor.want()
    // What is no list, from a program without types, is refused as a message is that is none.
    const list = Predicate.isIterable(messages) ? messages : [messages as Message]
    const iterator = list[Symbol.iterator]()
    let next = iterator.next()
    return Effect.whileLoop({
      while: () => next.done !== true,
      body: () => supervisor.outbox.send(next.value as Message, false, options),
      step: () => {
        next = iterator.next()
      }
    })
  })
