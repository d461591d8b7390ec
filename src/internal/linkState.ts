/**
 * The state machine behind every transport's `Link`: what was received and not
 * yet taken, when, whether the link still takes messages, and how it ended.
 *
 * A transport feeds it (`push`, `touch`, `pong`, `end`, `release`) and gives it a
 * driver for the other direction.
 */
import type { NonEmptyReadonlyArray } from "effect/Array"
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Pull from "effect/Pull"
import type * as Scope from "effect/Scope"
import * as CloseCode from "../CloseCode.ts"
import {
  AbnormalClosure,
  ConnectionError,
  fromCloseFrame,
  InboundOverflow,
  InvalidRequest,
  type Reason,
  SendFailed
} from "../ConnectionError.ts"
import type { HandshakeResponse, Link, Message, Receiver } from "../Link.ts"
import { Waiters, waitFor } from "./wait.ts"

/** The outbound half of a link, as a transport implements it. None of these may throw. */
export interface Driver {
  /** Takes a message; called only while the link is writable. False where it was not taken: a Close that nobody noticed yet. */
  readonly send: (message: Message) => boolean | void
  /** Bytes that were taken but have not left this process. */
  readonly buffered: () => number
  /** Calls back, once, when `buffered()` is at most `mark`; also when the link dies, or never. The result cancels. */
  readonly whenBelow: (mark: number, done: () => void) => () => void
  /** Sends a ping, whose payload is the caller's again afterwards, and calls back when it has left; undefined where the transport cannot. */
  readonly ping: ((payload: Uint8Array, done: () => void) => void) | undefined
  /** Starts the closing handshake with a code that may be sent and a reason of at most 123 bytes. */
  readonly close: (code: number, reason: string) => void
  /** Frees the descriptor now. */
  readonly terminate: () => void
  readonly pause: (() => void) | undefined
  readonly resume: (() => void) | undefined
}

export interface LinkStateOptions {
  readonly endpoint: string
  readonly attempt: number
  readonly subprotocol: string | undefined
  readonly response: HandshakeResponse | undefined
  readonly clock: Clock.Clock
  readonly driver: Driver
  /** Which codes the driver can send; `any` where not said. Others become 1000, in the error too. */
  readonly closeCodes?: "any" | "1000,3000-4999" | undefined
}

/**
 * Bytes that are kept for `pull`, before a receiver with a watermark of its own
 * takes over: while `greet` runs, a peer may say whatever it likes.
 */
const heldMark = 1024 * 1024

type Handlers<A> = Array<(value: A) => void>

export class LinkState implements Link {
  readonly endpoint: string
  readonly attempt: number
  readonly subprotocol: Option.Option<string>
  readonly response: Option.Option<HandshakeResponse>

  private readonly clock: Clock.Clock
  private readonly driver: Driver
  private readonly closeCodes: "any" | "1000,3000-4999"

  private received: Array<Message> = []
  private receivedBytes: Array<number> = []
  private heldBytes = 0
  private held = false
  private receiver: Receiver | undefined = undefined
  private puller: (() => void) | undefined = undefined
  private pongHandlers: Handlers<Uint8Array> | undefined = undefined
  private messageHandlers: Handlers<Message> | undefined = undefined
  private inboundAt: bigint
  private dataAt: bigint
  private sawData = false
  private pausedByUs = false
  private ourClose: { readonly code: number; readonly reason: string } | undefined = undefined
  private endedWith: ConnectionError | undefined = undefined
  private unsent = 0
  private isReleased = false
  private readonly onceEnded = new Waiters()
  private readonly onceReleased = new Waiters()

  constructor(options: LinkStateOptions) {
    this.endpoint = options.endpoint
    this.attempt = options.attempt
    this.subprotocol = Option.fromUndefinedOr(options.subprotocol)
    this.response = Option.fromUndefinedOr(options.response)
    this.clock = options.clock
    this.driver = options.driver
    this.closeCodes = options.closeCodes ?? "any"
    this.inboundAt = this.dataAt = options.clock.monotonicTimeNanosUnsafe()
  }

  // ---------------------------------------------------------------------------
  // what the transport feeds
  // ---------------------------------------------------------------------------

  /** A message arrived. Data after our own Close is not delivered (RFC 6455 §1.4, §5.5.1). */
  push(message: Message, bytes: number): void {
    this.sawData = true
    if (this.ourClose !== undefined || this.endedWith !== undefined) return
    if (this.messageHandlers !== undefined) call(this.messageHandlers, message)
    if (this.receiver !== undefined) return this.receiver.onMessage(message, bytes)
    this.received.push(message)
    this.receivedBytes.push(bytes)
    this.heldBytes += bytes
    if (this.heldBytes > heldMark) this.hold()
    this.puller?.()
  }

  private hold(): void {
    if (this.held) return
    this.held = true
    if (this.driver.pause !== undefined) return this.driver.pause()
    this.end(new InboundOverflow({ bytes: this.heldBytes, paused: Duration.zero }))
    this.driver.terminate()
  }

  private letGo(): void {
    this.heldBytes = 0
    if (!this.held) return
    this.held = false
    if (!this.pausedByUs) this.driver.resume?.()
  }

  /** The peer sent a ping. */
  pinged(): void {
    this.sawData = true
  }

  /** The peer sent a pong. */
  pong(payload: Uint8Array): void {
    if (this.pongHandlers !== undefined) call(this.pongHandlers, payload)
  }

  /** Something was received: called once a chunk, after its frames, so that the clock is not read for each. */
  touch(): void {
    this.inboundAt = this.clock.monotonicTimeNanosUnsafe()
    if (this.sawData) {
      this.sawData = false
      this.dataAt = this.inboundAt
    }
  }

  /** The link ended; only the first reason counts, and our own Close explains whatever follows it. */
  end(reason: Reason): void {
    this.endWith(
      new ConnectionError({
        reason: this.ourClose === undefined ? reason : fromCloseFrame({
          code: this.ourClose.code,
          closeReason: this.ourClose.reason,
          initiator: "self"
        }),
        attempt: this.attempt,
        endpoint: this.endpoint
      })
    )
  }

  /** The descriptor is free. */
  release(): void {
    if (this.isReleased) return
    this.isReleased = true
    this.onceReleased.wakeAll()
  }

  get hasEnded(): boolean {
    return this.endedWith !== undefined
  }

  /** Whether our Close was sent. */
  get isClosing(): boolean {
    return this.ourClose !== undefined
  }

  private endWith(error: ConnectionError): void {
    if (this.endedWith !== undefined) return
    this.unsent = this.driver.buffered()
    this.endedWith = error
    // An Error keeps what its frames captured alive until its stack was rendered.
    void error.stack
    this.receiver?.onEnd(error)
    this.puller?.()
    this.onceEnded.wakeAll()
  }

  // ---------------------------------------------------------------------------
  // Link
  // ---------------------------------------------------------------------------

  get pull(): Pull.Pull<NonEmptyReadonlyArray<Message>, ConnectionError> {
    const take: Effect.Effect<NonEmptyReadonlyArray<Message>, ConnectionError> = Effect.suspend(() => {
      if (this.received.length > 0) {
        const batch = this.received
        this.received = []
        this.receivedBytes = []
        this.letGo()
        return Effect.succeed(batch as unknown as NonEmptyReadonlyArray<Message>)
      }
      if (this.endedWith !== undefined) return Effect.fail(this.endedWith)
      return waitFor((wake) => {
        this.puller = wake
        return () => {
          if (this.puller === wake) this.puller = undefined
        }
      }, take)
    })
    return take
  }

  write(messages: NonEmptyReadonlyArray<Message>): Effect.Effect<void, ConnectionError> {
    return Effect.suspend(() => {
      for (const message of messages) {
        if (typeof message !== "string" && !(message instanceof Uint8Array)) {
          const cause = this.error(
            new InvalidRequest({ option: "message", problem: "a message is a string or a Uint8Array" })
          )
          return Effect.fail(this.error(new SendFailed({ delivery: "notSent", cause })))
        }
        if (!this.offer(message)) return Effect.fail(this.notSent())
      }
      return Effect.void
    })
  }

  get flush(): Effect.Effect<void, ConnectionError> {
    return this.drained(0)
  }

  sendPing(payload: Uint8Array, sent: () => void): boolean {
    const ping = this.driver.ping
    if (ping === undefined || payload.length > 125 || !this.writable()) return false
    ping(payload, sent)
    return true
  }

  ping(payload: Uint8Array): Effect.Effect<void, ConnectionError> {
    return Effect.suspend(() => {
      const ping = this.driver.ping
      if (ping === undefined) {
        return Effect.fail(this.error(
          new InvalidRequest({
            option: "heartbeat",
            problem: "this transport cannot send pings; use Heartbeat.layerMessage"
          })
        ))
      }
      if (payload.length > 125) {
        const problem = `a control frame holds at most 125 bytes (RFC 6455 §5.5), not ${payload.length}`
        return Effect.fail(this.error(new InvalidRequest({ option: "ping payload", problem })))
      }
      if (!this.writable()) return Effect.fail(this.notSent())
      let written = false
      let wake: (() => void) | undefined
      ping(payload, () => {
        written = true
        wake?.()
      })
      return written ? Effect.void : waitFor(
        (resume) => {
          if (written) resume()
          wake = resume
          const forget = this.onceEnded.add(resume)
          return () => {
            wake = undefined
            forget()
          }
        },
        Effect.suspend(() => written ? Effect.void : Effect.fail(this.notSent()))
      )
    })
  }

  onPong(handler: (payload: Uint8Array) => void): Effect.Effect<void, never, Scope.Scope> {
    return Effect.suspend(() => scopedHandler(this.pongHandlers ??= [], handler))
  }

  onMessage(handler: (message: Message) => void): Effect.Effect<void, never, Scope.Scope> {
    return Effect.suspend(() => scopedHandler(this.messageHandlers ??= [], handler))
  }

  lastInbound(): bigint {
    return this.inboundAt
  }

  lastData(): bigint {
    return this.dataAt
  }

  paused(): boolean {
    return this.pausedByUs
  }

  close(code: number, reason: string): Effect.Effect<void> {
    return Effect.sync(() => {
      if (this.ourClose !== undefined || this.endedWith !== undefined) return
      const sent = CloseCode.isSendable(code) && (this.closeCodes === "any" || code >= 3000) ? code : 1000
      const cut = CloseCode.truncateReason(reason)
      this.ourClose = { code: sent, reason: cut }
      // A paused socket would never see the peer's answer.
      this.resume()
      this.letGo()
      this.driver.close(sent, cut)
    })
  }

  get terminate(): Effect.Effect<void> {
    return Effect.sync(() => this.terminateNow(new AbnormalClosure({ cause: { message: "terminated by us" } })))
  }

  terminateNow(reason: Reason): void {
    this.end(reason)
    this.driver.terminate()
  }

  abort(error: ConnectionError): Effect.Effect<void> {
    return Effect.sync(() => {
      this.endWith(error)
      this.driver.terminate()
    })
  }

  get ended(): Effect.Effect<never, ConnectionError> {
    const failed = Effect.suspend(() => Effect.fail(this.endedWith!))
    return Effect.suspend(() =>
      this.endedWith !== undefined ? failed : waitFor((wake) => this.onceEnded.add(wake), failed)
    )
  }

  failure(): ConnectionError | undefined {
    return this.endedWith
  }

  get released(): Effect.Effect<void> {
    return Effect.suspend(() =>
      this.isReleased ? Effect.void : waitFor((wake) => this.onceReleased.add(wake), Effect.void)
    )
  }

  receive(receiver: Receiver): void {
    const messages = this.received
    const bytes = this.receivedBytes
    this.received = []
    this.receivedBytes = []
    this.receiver = receiver
    for (let i = 0; i < messages.length; i++) receiver.onMessage(messages[i]!, bytes[i]!)
    this.letGo()
    if (this.endedWith !== undefined) receiver.onEnd(this.endedWith)
  }

  offer(message: Message): boolean {
    return this.writable() && this.driver.send(message) !== false
  }

  buffered(): number {
    return this.endedWith === undefined ? this.driver.buffered() : this.unsent
  }

  drained(mark: number): Effect.Effect<void, ConnectionError> {
    const check: Effect.Effect<void, ConnectionError> = Effect.suspend(() => {
      if (this.endedWith !== undefined) return Effect.fail(this.endedWith)
      if (this.driver.buffered() <= mark) return Effect.void
      return waitFor((wake) => {
        const forgetEnd = this.onceEnded.add(wake)
        const forgetDrain = this.driver.whenBelow(mark, wake)
        return () => {
          forgetEnd()
          forgetDrain()
        }
      }, check)
    })
    return check
  }

  writable(): boolean {
    return this.ourClose === undefined && this.endedWith === undefined
  }

  pause(): void {
    if (this.pausedByUs || this.driver.pause === undefined || this.endedWith !== undefined || this.isClosing) return
    this.pausedByUs = true
    this.driver.pause()
  }

  resume(): void {
    if (!this.pausedByUs) return
    this.pausedByUs = false
    if (!this.held) this.driver.resume?.()
  }

  private error(reason: Reason): ConnectionError {
    return new ConnectionError({ reason, attempt: this.attempt, endpoint: this.endpoint })
  }

  private notSent(): ConnectionError {
    const cause = this.endedWith ?? this.error(
      this.ourClose === undefined
        ? new AbnormalClosure({ cause: { message: "the peer is closing the connection" } })
        : fromCloseFrame({ code: this.ourClose.code, closeReason: this.ourClose.reason, initiator: "self" })
    )
    return this.error(new SendFailed({ delivery: "notSent", cause }))
  }
}

const call = <A>(handlers: Handlers<A>, value: A): void => {
  // A copy, since a handler may remove itself.
  for (const handler of handlers.slice()) handler(value)
}

const scopedHandler = <A>(
  handlers: Handlers<A>,
  handler: (value: A) => void
): Effect.Effect<void, never, Scope.Scope> =>
  Effect.asVoid(Effect.acquireRelease(
    Effect.sync(() => handlers.push(handler)),
    () =>
      Effect.sync(() => {
        const index = handlers.indexOf(handler)
        if (index >= 0) handlers.splice(index, 1)
      })
  ))
