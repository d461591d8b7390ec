// Those who use the connection: senders, readers and waiters, each in a fiber of its own, with what became of it.
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Pull from "effect/Pull"
import * as Stream from "effect/Stream"
import type { ConnectionService, SendOptions, Session } from "../src/Connection.ts"
import { ConnectionError, type SendFailed } from "../src/ConnectionError.ts"
import type { Message } from "../src/Link.ts"
import type { Client } from "./client.ts"
import { messageOf, type Peers, textOf } from "./peers.ts"
import type { Chosen, ReadBy, SendBy } from "./program.ts"
import type { World } from "./world.ts"

export type Outcome = "accepted" | "notSent" | "unknown" | "interrupted" | "wrong"

export interface Sent {
  readonly number: number
  readonly by: SendBy | "sendAll"
  readonly calledAt: number
  readonly chosen: Chosen
  /** One with its key that may have waited when it was called, and whether it surely did. */
  readonly former: Sent | undefined
  readonly isFormerSure: boolean
  /** Whether its sender waited. */
  readonly isFormerSuspended: boolean
  /** The session that was open when it was called. */
  readonly session: number | undefined
  outcome: Outcome | undefined
  /** The session that was open when it succeeded. */
  during: number | undefined
  /** What a \`SendFailed\` had as its cause. */
  cause: string | undefined
  settledAt: number | undefined
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

  send(by: SendBy, bytes: number, chosen: Chosen): void {
    // Effect's own `Socket` knows no choice.
    const choice = by === "socket" ? {} : chosen
    const effect = this.sending(by, choice, (send) => this.one(by, bytes, choice, send))
    this.start(this.senders, effect, { what: `send by ${by}` })
  }

  sendAll(count: number, bytes: number, chosen: Chosen): void {
    const entries: Array<Sent> = []
    const messages = function*(this: Users): Generator<Message> {
      for (let i = 0; i < count; i++) {
        // Asked for the next one: the one before was accepted.
        this.settle(entries.at(-1), Exit.void)
        const entry = this.enter("sendAll", chosen)
        entries.push(entry)
        yield messageOf(`#${entry.number}`, bytes, entry.number)
      }
    }
    const effect = Effect.onExit(
      Effect.suspend(() => this.connection.sendAll(messages.call(this), optionsOf(chosen))),
      (exit) => Effect.sync(() => this.settle(entries.at(-1), exit))
    )
    this.start(this.senders, effect, { what: "sendAll" })
  }

  private enter(by: Sent["by"], chosen: Chosen): Sent {
    const { former, isSure } = this.waitingWith(chosen.replaceKey)
    const entry: Sent = {
      number: this.sent.length + 1,
      by,
      calledAt: this.world.now,
      chosen,
      former,
      isFormerSure: isSure,
      isFormerSuspended: former !== undefined && former.outcome === undefined,
      session: this.client.session,
      outcome: undefined,
      during: undefined,
      cause: undefined,
      settledAt: undefined,
      detail: ""
    }
    this.sent.push(entry)
    return entry
  }

  /** The newest with that key that did not fail, unless it was handed over. */
  private waitingWith(key: string | undefined): { readonly former: Sent | undefined; readonly isSure: boolean } {
    const ofKey = key === undefined ? [] : this.sent.filter(({ chosen }) => chosen.replaceKey === key)
    const former = ofKey.findLast(({ outcome }) => outcome === undefined || outcome === "accepted")
    if (former === undefined || this.client.wire.users.has(former.number)) return { former: undefined, isSure: false }
    if (former.outcome === undefined) return { former, isSure: true }
    // What was accepted and not handed over waits in a buffer, unless it was dropped, or replaced by one that is gone.
    const mode = this.client.options.whileDisconnected
    const isKept = typeof mode === "object" && (mode.overflow === "suspend" || mode.overflow === "fail")
    return { former, isSure: isKept && former.chosen.expireAfter === undefined && former === ofKey.at(-1) }
  }

  private settle(entry: Sent | undefined, exit: Exit.Exit<unknown, unknown>): void {
    if (entry === undefined || entry.outcome !== undefined) return
    entry.outcome = outcomeOf(exit)
    entry.during = this.client.session
    entry.settledAt = this.world.now
    if (Exit.isSuccess(exit)) return
    entry.cause = sendFailureOf(exit.cause)?.cause.reason._tag
    entry.detail = Cause.pretty(exit.cause)
  }

  private sending(
    by: SendBy,
    chosen: Chosen,
    use: (send: (message: Message) => Effect.Effect<void, unknown>) => Effect.Effect<void, unknown>
  ): Effect.Effect<unknown, unknown> {
    const { connection } = this
    switch (by) {
      case "connection":
        return use((message) => connection.send(message, optionsOf(chosen)))
      case "session":
        return Effect.flatMap(
          connection.awaitOpen,
          (session) => use((message) => session.send(message, optionsOf(chosen)))
        )
      case "socket":
        return Effect.scoped(Effect.flatMap(connection.socket.writer, (writer) => use((chunk) => writer.write(chunk))))
    }
  }

  private one(
    by: SendBy,
    bytes: number,
    chosen: Chosen,
    send: (message: Message) => Effect.Effect<void, unknown>
  ): Effect.Effect<void, unknown> {
    return Effect.suspend(() => {
      const entry = this.enter(by, chosen)
      return Effect.onExit(
        send(messageOf(`#${entry.number}`, bytes, entry.number)),
        (exit) => Effect.sync(() => this.settle(entry, exit))
      )
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
  return sendFailureOf(exit.cause)?.delivery ?? "wrong"
}

const sendFailureOf = (cause: Cause.Cause<unknown>): SendFailed | undefined => {
  const failure = Cause.squash(cause)
  if (failure instanceof ConnectionError) return failure.reason._tag === "SendFailed" ? failure.reason : undefined
  // Effect's own `Socket` knows no such outcome: the error of ours is its cause.
  const inner = (failure as { readonly reason?: { readonly cause?: unknown } } | undefined)?.reason?.cause
  return inner instanceof ConnectionError && inner.reason._tag === "SendFailed" ? inner.reason : undefined
}

const optionsOf = (chosen: Chosen): SendOptions | undefined => {
  const { expireAfter, replaceKey } = chosen
  return expireAfter === undefined && replaceKey === undefined ? undefined : { expireAfter, replaceKey }
}
