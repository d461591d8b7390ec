// Those who use the connection: senders, readers and waiters, each in a fiber of its own, with what became of it.
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Pull from "effect/Pull"
import * as Stream from "effect/Stream"
import type { ConnectionService, Session } from "../src/Connection.ts"
import { ConnectionError } from "../src/ConnectionError.ts"
import type { Message } from "../src/Link.ts"
import type { Client } from "./client.ts"
import { messageOf, type Peers, textOf } from "./peers.ts"
import type { ReadBy, SendBy } from "./program.ts"
import type { World } from "./world.ts"

export type Outcome = "accepted" | "notSent" | "unknown" | "interrupted" | "wrong"

export interface Sent {
  readonly number: number
  readonly by: SendBy | "sendAll"
  /** The session that was open when it was called. */
  readonly session: number | undefined
  outcome: Outcome | undefined
  /** The session that was open when it succeeded. */
  during: number | undefined
  detail: string
}

/** Anything that waits: its fiber, and how it ended. */
export interface Waiter {
  readonly what: string
  readonly fiber: Fiber.Fiber<unknown, unknown>
  exit: Exit.Exit<unknown, unknown> | undefined
}

export interface Flush extends Waiter {
  /** The numbers that had been accepted when it was called. */
  readonly accepted: ReadonlyArray<number>
  readonly startedAt: number
  /** No other flush waited when it was called. */
  readonly alone: boolean
  settledAt: number | undefined
  judged: boolean
}

export interface Reader extends Waiter {
  readonly by: ReadBy
  readonly pace: number
  /** How many peers had been accepted when it came. */
  readonly since: number
  readonly read: Array<string>
  /** Of `withSessions`: the sessions whose use, or what it does in the end, still runs. */
  readonly running: Set<number>
}

export class Users {
  readonly sent: Array<Sent> = []
  readonly senders: Array<Waiter> = []
  readonly flushes: Array<Flush> = []
  readonly readers: Array<Reader> = []
  readonly waiters: Array<Waiter> = []
  private readonly world: World
  private readonly client: Client
  private readonly peers: Peers

  constructor(world: World, client: Client, peers: Peers) {
    this.world = world
    this.client = client
    this.peers = peers
  }

  private get connection(): ConnectionService {
    return this.client.connection!
  }

  get everybody(): ReadonlyArray<Waiter> {
    return [...this.senders, ...this.flushes, ...this.readers, ...this.waiters]
  }

  start<W extends Waiter>(list: Array<W>, effect: Effect.Effect<unknown, unknown>, waiter: Omit<W, "fiber" | "exit">) {
    const fiber = this.world.fork(effect)
    const started = { ...waiter, fiber, exit: undefined } as unknown as W
    list.push(started)
    fiber.addObserver((exit) => {
      started.exit = exit
    })
    return started
  }

  send(by: SendBy, bytes: number): void {
    this.start(this.senders, this.sending(by, (send) => this.one(by, bytes, send)), { what: `send by ${by}` })
  }

  sendAll(count: number, bytes: number): void {
    const entries: Array<Sent> = []
    const client = this.client
    const settle = (entry: Sent | undefined, outcome: Outcome, detail = "") => {
      if (entry === undefined || entry.outcome !== undefined) return
      entry.outcome = outcome
      entry.during = client.session
      entry.detail = detail
    }
    const messages = function*(this: Users): Generator<Message> {
      for (let i = 0; i < count; i++) {
        // Asked for the next one: the one before was accepted.
        settle(entries.at(-1), "accepted")
        const entry = this.enter("sendAll")
        entries.push(entry)
        yield messageOf(`#${entry.number}`, bytes, entry.number)
      }
    }
    const effect = Effect.onExit(
      Effect.suspend(() => this.connection.sendAll(messages.call(this))),
      (exit) => Effect.sync(() => settle(entries.at(-1), outcomeOf(exit), String(exit)))
    )
    this.start(this.senders, effect, { what: "sendAll" })
  }

  private enter(by: Sent["by"]): Sent {
    const entry: Sent = {
      number: this.sent.length + 1,
      by,
      session: this.client.session,
      outcome: undefined,
      during: undefined,
      detail: ""
    }
    this.sent.push(entry)
    return entry
  }

  private sending(
    by: SendBy,
    use: (send: (message: Message) => Effect.Effect<void, unknown>) => Effect.Effect<void, unknown>
  ): Effect.Effect<unknown, unknown> {
    const { connection } = this
    switch (by) {
      case "connection":
        return use((message) => connection.send(message))
      case "session":
        return Effect.flatMap(connection.awaitOpen, (session) => use((message) => session.send(message)))
      case "socket":
        return Effect.scoped(Effect.flatMap(connection.socket.writer, (writer) => use((chunk) => writer.write(chunk))))
    }
  }

  private one(by: SendBy, bytes: number, send: (message: Message) => Effect.Effect<void, unknown>) {
    return Effect.suspend(() => {
      const entry = this.enter(by)
      return Effect.onExit(send(messageOf(`#${entry.number}`, bytes, entry.number)), (exit) =>
        Effect.sync(() => {
          entry.outcome = outcomeOf(exit)
          entry.during = this.client.session
          entry.detail = Exit.isFailure(exit) ? Cause.pretty(exit.cause) : ""
        }))
    })
  }

  flush(): void {
    const accepted = this.sent.filter(({ outcome }) => outcome === "accepted").map(({ number }) => number)
    const alone = this.flushes.every(({ exit }) => exit !== undefined)
    const flush = this.start(this.flushes, this.connection.flush, {
      what: "flush",
      accepted,
      startedAt: this.world.now,
      alone,
      settledAt: undefined,
      judged: false
    })
    flush.fiber.addObserver(() => {
      flush.settledAt = this.world.now
    })
  }

  wait(what: string, effect: Effect.Effect<unknown, unknown>): void {
    this.start(this.waiters, effect, { what })
  }

  read(by: ReadBy, pace: number): void {
    const reader: Omit<Reader, "fiber" | "exit"> = {
      what: `read by ${by}`,
      by,
      pace,
      since: this.peers.all.length,
      read: [],
      running: new Set()
    }
    const hear = (message: Message): void => void reader.read.push(textOf(message))
    const take = (messages: ReadonlyArray<Message>): Effect.Effect<void> =>
      Effect.suspend(() => {
        messages.forEach(hear)
        return pace > 0 ? Effect.sleep(pace) : Effect.void
      })
    this.start(this.readers, this.reading(by, { hear, take, running: reader.running }), reader)
  }

  private reading(
    by: ReadBy,
    { hear, running, take }: {
      readonly hear: (message: Message) => void
      readonly take: (messages: ReadonlyArray<Message>) => Effect.Effect<void>
      readonly running: Set<number>
    }
  ): Effect.Effect<unknown, unknown> {
    const { connection } = this
    const pulling = <E>(pull: Pull.Pull<ReadonlyArray<Message>, E>) =>
      Effect.forever(Effect.flatMap(pull as Effect.Effect<ReadonlyArray<Message>, E>, take))
    const whole = (session: Session) => Stream.runForEachArray(session.messages, take)
    switch (by) {
      case "messages":
        return Stream.runForEachArray(connection.messages, take)
      case "subscribe":
        return Pull.catchDone(Effect.scoped(Effect.flatMap(connection.subscribe, pulling)), () => Effect.void)
      case "listen":
        return Effect.scoped(Effect.andThen(connection.listen(hear), connection.await))
      case "session":
        return Effect.flatMap(connection.awaitOpen, whole)
      case "receive":
        return Effect.flatMap(
          connection.awaitOpen,
          (session) => Effect.forever(Effect.flatMap(session.receive, (message) => take([message])))
        )
      case "withSessions":
        return connection.withSessions((session) =>
          Effect.andThen(
            Effect.acquireRelease(Effect.sync(() => running.add(session.id)), () =>
              // What a user must do when a session has ended may take its time.
              Effect.andThen(Effect.sleep(50), Effect.sync(() => running.delete(session.id)))),
            whole(session)
          )
        )
      case "socket":
        return Effect.scoped(
          Effect.flatMap(
            connection.socket.reader,
            ({ pull }) => pulling(pull as Pull.Pull<ReadonlyArray<Message>, unknown>)
          )
        )
    }
  }
}

const outcomeOf = (exit: Exit.Exit<unknown, unknown>): Outcome => {
  if (Exit.isSuccess(exit)) return "accepted"
  if (Cause.hasInterruptsOnly(exit.cause)) return "interrupted"
  const failure = Cause.squash(exit.cause)
  if (failure instanceof ConnectionError && failure.reason._tag === "SendFailed") return failure.reason.delivery
  // Effect's own `Socket` knows no such outcome: the error of ours is its cause.
  const cause = (failure as { readonly reason?: { readonly cause?: unknown } }).reason?.cause
  if (cause instanceof ConnectionError && cause.reason._tag === "SendFailed") return cause.reason.delivery
  return "wrong"
}
