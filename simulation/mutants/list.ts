// Holdfast, broken on purpose: each is a small change of one source file that breaks an invariant.
import type { Invariant } from "../check/violation.ts"

export interface Mutant {
  readonly name: string
  /** The invariant that it is to break; another one may be seen broken first. */
  readonly breaks: Invariant
  readonly file: string
  readonly from: string
  readonly to: string
}

export const mutants: ReadonlyArray<Mutant> = [
  {
    name: "a session that a part of ours ended keeps its socket",
    breaks: "at most one live session",
    file: "src/internal/closingHandshake.ts",
    from: "if (session.link.writable()) {",
    to: "if (false as boolean) {"
  },
  {
    name: "a link whose greeting failed is kept",
    breaks: "at most one live session",
    file: "src/internal/supervisor.ts",
    from: "yield* Scope.close(linkScope, Exit.void)",
    to: ""
  },
  {
    name: "the wait before a dial is not told",
    breaks: "status edges are legal",
    file: "src/internal/redialWait.ts",
    from: `journal.transition({ _tag: "Waiting", attempt: next, delay, cause: error })`,
    to: ""
  },
  {
    name: "a new round trip is a transition",
    breaks: "status edges are legal",
    file: "src/internal/sessionLifecycle.ts",
    from: "journal.meter.rtt(rtt)",
    to: "journal.transition(this.openStatus(session))"
  },
  {
    name: "a send of a session that has ended is forgotten",
    breaks: "every send has one outcome",
    file: "src/internal/sendQueue.ts",
    from: `if (frame.waitsFor === "session") return [frame, Effect.fail(sendFailed(error))]`,
    to: `if (frame.waitsFor === "session") return [{ ...frame, settle: undefined }, Effect.void]`
  },
  {
    name: "the queue does not drain in a second session",
    breaks: "every send has one outcome",
    file: "src/internal/outbox.ts",
    from: `this.held = false
    this.draining = false`,
    to: "this.held = false"
  },
  {
    name: "a send that was interrupted stays in the queue",
    breaks: "what is not sent is not received",
    file: "src/internal/sendQueue.ts",
    from: "!entry.isWaiting) return false\n    this.remove(entry)\n",
    to: "!entry.isWaiting) return false\n"
  },
  {
    name: "a send that failed with its session goes out in the next one",
    breaks: "what is not sent is not received",
    file: "src/internal/sendQueue.ts",
    from: `case "fail":
        return [frame, Effect.fail(sendFailed(error))]`,
    to: `case "fail":
        frame.settle?.(Effect.fail(sendFailed(error)))
        return undefined`
  },
  {
    name: "a frame that a closing link refused counts as sent",
    breaks: "what is accepted arrives",
    file: "src/internal/outbox.ts",
    from: "if (!link.offer(message)) return false",
    to: "link.offer(message)"
  },
  {
    name: "what was buffered and never sent is not counted",
    breaks: "what is accepted arrives",
    file: "src/internal/sendQueue.ts",
    from: `if (frame.buffered) this.journal.dropped("outbound", "closed", 1, frame.bytes)`,
    to: "if (frame.buffered) continue"
  },
  {
    name: "a flush does not wait for the socket",
    breaks: "a flush is honest",
    file: "src/internal/outbox.ts",
    from: "if (link === undefined || link.buffered() === 0) return Effect.void",
    to: "if (link !== null) return Effect.void"
  },
  {
    name: "a flush forgets what was lost",
    breaks: "a flush is honest",
    file: "src/internal/outbox.ts",
    from: "this.losses++",
    to: ""
  },
  {
    name: "a send overtakes those that wait",
    breaks: "sends keep their order",
    file: "src/internal/outbox.ts",
    from: "!this.held && !this.hasQueue && this.stopped === undefined",
    to: "!this.held && this.stopped === undefined"
  },
  {
    name: "what waits for the next session is turned round",
    breaks: "sends keep their order",
    file: "src/internal/sendQueue.ts",
    from: `const settled: Array<Settled> = []
    for (const entry of this.line) {
      const outcome`,
    to: `const settled: Array<Settled> = []
    for (const entry of [...this.line].toReversed()) {
      this.line.remove(entry)
      this.line.add(entry.number, entry.frame)
    }
    for (const entry of this.line) {
      const outcome`
  },
  {
    name: "a frame that replaces another goes to the end",
    breaks: "sends keep their order",
    file: "src/internal/sendQueue.ts",
    from: "if (former === undefined) return this.line.add(this.newest, frame)\n",
    to: `if (former !== undefined) {
      const { frame } = former
      this.remove(former)
      if (frame.buffered) this.journal.dropped("outbound", "replaced", 1, frame.bytes)
      else frame.settle?.(Effect.fail(sendFailed(replaced(frame.wanted.replaceKey!))))
    }
    if (former !== null) return this.line.add(this.newest, frame)
`
  },
  {
    name: "what has expired is sent where its timer is late",
    breaks: "nothing expired is sent",
    file: "src/internal/outbox.ts",
    from: "if (expiresAt !== undefined && expiresAt <= this.owner.clock.monotonicTimeNanosUnsafe()) {",
    to: "if (expiresAt === null) {"
  },
  {
    name: "what is to expire has twice as long",
    breaks: "nothing expired is sent",
    file: "src/internal/sendOptions.ts",
    from: "clock.monotonicTimeNanosUnsafe() + Duration.toNanosUnsafe(checked.success)",
    to: "clock.monotonicTimeNanosUnsafe() + Duration.toNanosUnsafe(checked.success) * 2n"
  },
  {
    name: "nobody is told that it has expired",
    breaks: "every send has one outcome",
    file: "src/internal/outbox.ts",
    from: "queue.expire(clock.monotonicTimeNanosUnsafe(), () => this.obstacle)\n        this.changed",
    to: "this.changed"
  },
  {
    name: "whoever is replaced is told that it was sent",
    breaks: "one waits for each key",
    file: "src/internal/sendQueue.ts",
    from: "else old.settle?.(Effect.fail(sendFailed(replaced(old.wanted.replaceKey!))))",
    to: "else old.settle?.(Effect.void)"
  },
  {
    name: "a key is not remembered",
    breaks: "one waits for each key",
    file: "src/internal/waitingLine.ts",
    from: "if (replaceKey !== undefined) (this.keyed ??= new Map()).set(replaceKey, entry)",
    to: "if (replaceKey === null) (this.keyed ??= new Map()).set(replaceKey, entry)"
  },
  {
    name: "a buffered frame that is replaced is not counted",
    breaks: "what is accepted arrives",
    file: "src/internal/sendQueue.ts",
    from: `if (old.buffered) this.journal.dropped("outbound", "replaced", 1, old.bytes)`,
    to: "if (old.buffered) void old.bytes"
  },
  {
    name: "the gate does not hold",
    breaks: "preludes go first",
    file: "src/internal/outbox.ts",
    from: "this.held = held",
    to: "this.held = held && false"
  },
  {
    name: "what a prelude sends queues behind the users",
    breaks: "preludes go first",
    file: "src/internal/outbox.ts",
    from: "const isFirst = () => this.link === link && this.held",
    to: "const isFirst = () => this.link !== link"
  },
  {
    name: "the gate opens after the first prelude",
    breaks: "preludes go first",
    file: "src/internal/preludes.ts",
    from: "[...this.registered],",
    to: "[...this.registered].slice(0, 1),"
  },
  {
    name: "the ring forgets one",
    breaks: "no window above the limit",
    file: "src/internal/rateWindow.ts",
    from: "this.times[this.oldest] = now",
    to: "if (this.oldest > 0) this.times[this.oldest] = now"
  },
  {
    name: "each session has a rate of its own",
    breaks: "no window above the limit",
    file: "src/internal/outbox.ts",
    from: "this.held = held",
    to: `this.held = held
    if (this.rate !== undefined) Object.assign(this.rate, { times: [], oldest: 0 })`
  },
  {
    name: "a heartbeat of messages does not count",
    breaks: "no window above the limit",
    file: "src/internal/askers.ts",
    from: "return inTurn === undefined ? send : ask(question, inTurn)",
    to: "return inTurn === null ? ask(question, inTurn) : send"
  },
  {
    name: "what greet sends does not count",
    breaks: "no window above the limit",
    file: "src/internal/greeting.ts",
    from: "inTurn === undefined ? link.write([message])",
    to: "inTurn !== null ? link.write([message])"
  },
  {
    name: "a prelude takes its turn before there is room",
    breaks: "no window above the limit",
    file: "src/internal/outbox.ts",
    from: "if (link.buffered() >= this.options.highWaterMark) {\n        const drained",
    to: `if (this.rate !== undefined) {
        const offered = Effect.suspend(() => this.offer(link, message, link.buffered()) ? Effect.void : link.ended)
        const drained = Effect.ignore(link.drained(this.options.highWaterMark >> 1))
        return Effect.andThen(this.rate.first(() => true), Effect.andThen(drained, offered))
      }
      if (link.buffered() >= this.options.highWaterMark) {
        const drained`
  },
  {
    name: "bursts that wait are given newest first",
    breaks: "no frame twice or out of order",
    file: "src/internal/subscription.ts",
    from: "return batchOf(chunks)",
    to: "return batchOf(chunks.toReversed())"
  },
  {
    name: "a burst of several is kept twice",
    breaks: "no frame twice or out of order",
    file: "src/internal/subscription.ts",
    from: "if (messages.length === 0) return\n",
    to: `if (messages.length === 0) return
    if (messages.length > 2) this.chunks.push({ messages, start: 0, end: messages.length, bytes: 0 })
`
  },
  {
    name: "what greet did not take is thrown away",
    breaks: "no frame is lost in between",
    file: "src/internal/sessionLifecycle.ts",
    from: "for (const message of leftover) inbox.push(message, messageSize(message))",
    to: "void [leftover, messageSize]"
  },
  {
    name: "backpressure drops in place of pausing",
    breaks: "no frame is lost in between",
    file: "src/internal/inbox.ts",
    from: "if (this.owner.canPause) return this.pause()\n        if (bytes",
    to: `if (this.owner.canPause) return this.fanOut.dropAboveMark("dropOldest")
        if (bytes`
  },
  {
    name: "every second attempt skips its greeting",
    breaks: "nothing before greet",
    file: "src/internal/greeting.ts",
    from: "if (Option.isNone(handshake.greet)) return silent",
    to: "if (Option.isNone(handshake.greet) || attempt % 2 === 0) return silent"
  },
  {
    name: "a greeting that failed will do",
    breaks: "nothing before greet",
    file: "src/internal/greeting.ts",
    from: "const failure = Cause.findErrorOption(exit.cause)",
    to: "if (exit !== undefined) return silent\n  const failure = Cause.findErrorOption(exit.cause)"
  },
  {
    name: "retries are not counted",
    breaks: "dials are bounded",
    file: "src/internal/pacer.ts",
    from: "if (atMost !== undefined && !(count <= atMost)) return false",
    to: ""
  },
  {
    name: "it dials without waiting",
    breaks: "dials are bounded",
    file: "src/internal/redialWait.ts",
    from: "yield* demand.sleepUnless(delay, () => demand.reconnect !== undefined)",
    to: ""
  },
  {
    name: "the floor is not part of the wait",
    breaks: "no delay below its floor",
    file: "src/internal/pacer.ts",
    from: "Duration.max(floor, recovery.immediately ? Duration.zero : pause)",
    to: "recovery.immediately ? Duration.zero : pause"
  },
  {
    name: "reconnect never respects the floor",
    breaks: "no delay below its floor",
    file: "src/internal/redialWait.ts",
    from: "yield* demand.sleepUnless(Duration.subtract(floor, waited), () => demand.reconnect?.respectFloor === false)",
    to: "void waited"
  },
  {
    name: "every session counts as stable",
    breaks: "backoff resets only after a stable session",
    file: "src/internal/sessionLifecycle.ts",
    from: "const stable = Duration.isGreaterThanOrEqualTo(uptime, services.reconnect.resetAfter)",
    to: "const stable = services.reconnect !== undefined"
  },
  {
    name: "no session counts as stable",
    breaks: "backoff resets only after a stable session",
    file: "src/internal/sessionLifecycle.ts",
    from: "const stable = Duration.isGreaterThanOrEqualTo(uptime, services.reconnect.resetAfter)",
    to: "const stable = services.reconnect === undefined"
  },
  {
    name: "a sign of life does not answer the question",
    breaks: "no false alarm",
    file: "src/internal/liveness.ts",
    from: "if (this.link.lastInbound() > this.question.heardBefore) this.question = undefined",
    to: "if (this.backlog < 0) this.question = undefined"
  },
  {
    name: "it judges after a thousandth of the timeout",
    breaks: "no false alarm",
    file: "src/internal/liveness.ts",
    from: "return later(asked.sentAt ?? asked.askedAt, this.drainedAt) + this.timeout",
    to: "return later(asked.sentAt ?? asked.askedAt, this.drainedAt) + this.timeout / 1000n"
  },
  {
    name: "a question without an answer is put again for ever",
    breaks: "a dead peer is found",
    file: "src/internal/liveness.ts",
    from: "if (this.question !== undefined && !isLate) {",
    to: "if (this.question === null) {"
  },
  {
    name: "it asks five times too late",
    breaks: "a dead peer is found",
    file: "src/internal/liveness.ts",
    from: "return later(this.link.lastInbound(), this.lastPaused) + this.interval",
    to: "return later(this.link.lastInbound(), this.lastPaused) + this.interval * 5n"
  },
  {
    name: "the next session does not wait for the finalizers of the last",
    breaks: "sessions of users do not overlap",
    file: "src/internal/supervisor.ts",
    from: "beforeGreet: lifecycle.finalized",
    to: "beforeGreet: Effect.void"
  },
  {
    name: "finalizers of a use that ended by itself run outside of the session",
    breaks: "sessions of users do not overlap",
    file: "src/internal/sessions.ts",
    from: `if (active.scope.state._tag === "Closed") return closed.await`,
    to: `if (active.end !== undefined) return Scope.close(scope, exit)`
  },
  {
    name: "the end does not close what the connection holds",
    breaks: "everything is released",
    file: "src/internal/ending.ts",
    from: "Effect.andThen(Scope.close(scope, Exit.void), Effect.suspend(",
    to: "Effect.andThen(scope === null ? Scope.close(scope, Exit.void) : Effect.void, Effect.suspend("
  },
  {
    name: "a close may take as long as it likes",
    breaks: "everything is released",
    file: "src/internal/closingHandshake.ts",
    from: "Effect.timeoutOption(options.closeTimeout)\n    )",
    to: "Effect.asVoid\n    )"
  }
]
