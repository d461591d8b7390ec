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
import { AbnormalClosure, type ConnectionError, InboundOverflow, type Reason, SendFailed } from "../ConnectionError.ts"
import type { HandshakeResponse, Link, Message, Receiver } from "../Link.ts"
import { heldMark, HeldMessages } from "./heldMessages.ts"
import { LinkEnd } from "./linkEnd.ts"
import { LinkHandlers } from "./linkHandlers.ts"
import { maxPing, pingRefusal } from "./linkPing.ts"
import { notAMessage } from "./sendFailures.ts"
import { waitFor, whenDone } from "./wait.ts"

/** The outbound half of a link, as a transport implements it. None of these may throw. */
export interface Driver {
  /** Takes a message; called only while the link is writable. False where it was not taken: a Close that nobody noticed yet. */
  readonly send: (message: Message) => boolean | void
  /** Bytes that were taken but have not left this process. */
  readonly buffered: () => number
  /** Calls back, once, when `buffered()` is at most `mark`; also when the link dies, or never. The result cancels. */
  readonly whenBelow: (mark: number, done: () => void) => () => void
  /** Calls back, once, when all that was taken before this call has left, whatever was taken after it; also when the link dies, or never. The result cancels. */
  readonly whenFlushed: (done: () => void) => () => void
  /** Sends a ping, whose payload is the caller's again afterwards, and calls back when it has left; undefined where the transport cannot. */
  readonly ping: ((payload: Uint8Array, done: () => void) => void) | undefined
  /** Sends a pong that nobody asked for, whose payload is the caller's again afterwards; undefined where the transport cannot. */
  readonly pong?: ((payload: Uint8Array) => void) | undefined
  /** Starts the closing handshake with a code that may be sent and a reason of at most 123 bytes. */
  readonly close: (code: number, reason: string) => void
  /** Frees the descriptor now. */
  readonly terminate: () => void
  /** The same for a link that is given up: what has not reached the peer must not reach it later. */
  readonly reset?: (() => void) | undefined
  readonly pause: (() => void) | undefined
  readonly resume: (() => void) | undefined
  /** See `Link.afterCallback`. */
  readonly afterCallback?: ((task: () => void) => void) | undefined
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

export class LinkState implements Link {
  readonly endpoint: string
  readonly attempt: number
  readonly subprotocol: Option.Option<string>
  readonly response: Option.Option<HandshakeResponse>
  readonly afterCallback: Link["afterCallback"]

  private readonly clock: Clock.Clock
  private readonly driver: Driver
  private readonly closeCodes: "any" | "1000,3000-4999"

  private readonly ending: LinkEnd
  /** Undefined until something is received, and once there is a receiver. */
  private held: HeldMessages | undefined = undefined
  /** The driver is paused because too much is held. */
  private isHeldUp = false
  private receiver: Receiver | undefined = undefined
  private puller: (() => void) | undefined = undefined
  private pingHandlers: LinkHandlers<Uint8Array> | undefined = undefined
  private pongHandlers: LinkHandlers<Uint8Array> | undefined = undefined
  private messageHandlers: LinkHandlers<Message> | undefined = undefined
  private inboundAt: bigint
  private dataAt: bigint
  private sawData = false
  private pausedByUs = false
  private unsent = 0

  constructor(options: LinkStateOptions) {
    this.endpoint = options.endpoint
    this.attempt = options.attempt
    this.subprotocol = Option.fromUndefinedOr(options.subprotocol)
    this.response = Option.fromUndefinedOr(options.response)
    this.clock = options.clock
    this.driver = options.driver
    this.afterCallback = options.driver.afterCallback
    this.closeCodes = options.closeCodes ?? "any"
    this.ending = new LinkEnd(options.attempt, options.endpoint)
    this.inboundAt = this.dataAt = options.clock.monotonicTimeNanosUnsafe()
  }

  // ---------------------------------------------------------------------------
  // what the transport feeds
  // ---------------------------------------------------------------------------

  /** A message arrived. Data after our own Close is not delivered (RFC 6455 §1.4, §5.5.1). */
  push(message: Message, bytes: number): void {
    this.sawData = true
    if (!this.ending.isOpen) return
    if (this.messageHandlers !== undefined) this.messageHandlers.call(message)
    if (this.receiver !== undefined) return this.receiver.onMessage(message, bytes)
    const held = this.held ??= new HeldMessages()
    held.keep(message, bytes)
    if (held.bytes > heldMark) this.hold(held.bytes)
    this.puller?.()
  }

  private hold(bytes: number): void {
    if (this.isHeldUp) return
    this.isHeldUp = true
    if (this.driver.pause !== undefined) return this.driver.pause()
    this.end(new InboundOverflow({ bytes, paused: Duration.zero }))
    this.driver.terminate()
  }

  private letGo(): void {
    if (!this.isHeldUp) return
    this.isHeldUp = false
    if (!this.pausedByUs) this.driver.resume?.()
  }

  /** The peer sent a ping. */
  pinged(payload: Uint8Array): void {
    this.sawData = true
    this.pingHandlers?.call(payload)
  }

  /** The peer sent a pong. */
  pong(payload: Uint8Array): void {
    this.pongHandlers?.call(payload)
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
    if (!this.hasEnded) this.endWith(this.ending.explained(reason))
  }

  /** The descriptor is free. */
  release(): void {
    this.ending.release()
  }

  get hasEnded(): boolean {
    return this.ending.error !== undefined
  }

  /** Whether our Close was sent. */
  get isClosing(): boolean {
    return this.ending.isClosing
  }

  private endWith(error: ConnectionError): void {
    if (this.hasEnded) return
    this.unsent = this.driver.buffered()
    this.ending.settle(error)
    this.receiver?.onEnd(error)
    this.puller?.()
    this.ending.onceEnded.wakeAll()
  }

  // ---------------------------------------------------------------------------
  // Link
  // ---------------------------------------------------------------------------

  get pull(): Pull.Pull<NonEmptyReadonlyArray<Message>, ConnectionError> {
    const take: Effect.Effect<NonEmptyReadonlyArray<Message>, ConnectionError> = Effect.suspend(() => {
      const batch = this.held?.take()
      if (batch !== undefined) {
        this.letGo()
        return Effect.succeed(batch)
      }
      if (this.ending.error !== undefined) return Effect.fail(this.ending.error)
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
          const cause = this.ending.errorOf(notAMessage())
          return Effect.fail(this.ending.errorOf(new SendFailed({ delivery: "notSent", cause })))
        }
        if (!this.offer(message)) return Effect.fail(this.ending.notSent)
      }
      return Effect.void
    })
  }

  get flush(): Effect.Effect<void, ConnectionError> {
    return Effect.suspend(() => {
      const { driver, ending } = this
      if (ending.error !== undefined) return Effect.fail(ending.error)
      if (driver.buffered() === 0) return Effect.void
      return whenDone(
        (done) => driver.whenFlushed(done),
        ending.onceEnded,
        Effect.suspend(() => Effect.fail(ending.error!))
      )
    })
  }

  sendPing(payload: Uint8Array, sent: () => void): boolean {
    const { driver } = this
    if (driver.ping === undefined || payload.length > maxPing || !this.writable()) return false
    driver.ping(payload, sent)
    return true
  }

  ping(payload: Uint8Array): Effect.Effect<void, ConnectionError> {
    return Effect.suspend(() => {
      const { driver, ending } = this
      if (driver.ping === undefined || payload.length > maxPing) {
        return Effect.fail(ending.errorOf(pingRefusal(driver.ping === undefined, payload)))
      }
      const notSent = Effect.suspend(() => Effect.fail(ending.notSent))
      if (!ending.isOpen) return notSent
      return whenDone((done) => driver.ping?.(payload, done), ending.onceEnded, notSent)
    })
  }

  sendPong(payload: Uint8Array): boolean {
    const { driver } = this
    if (driver.pong === undefined || payload.length > maxPing || !this.writable()) return false
    driver.pong(payload)
    return true
  }

  onPing(handler: (payload: Uint8Array) => void): Effect.Effect<void, never, Scope.Scope> {
    return Effect.suspend(() => (this.pingHandlers ??= new LinkHandlers()).scoped(handler))
  }

  onPong(handler: (payload: Uint8Array) => void): Effect.Effect<void, never, Scope.Scope> {
    return Effect.suspend(() => (this.pongHandlers ??= new LinkHandlers()).scoped(handler))
  }

  onMessage(handler: (message: Message) => void): Effect.Effect<void, never, Scope.Scope> {
    return Effect.suspend(() => (this.messageHandlers ??= new LinkHandlers()).scoped(handler))
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
      if (!this.ending.isOpen) return
      const sent = CloseCode.isSendable(code) && (this.closeCodes === "any" || code >= 3000) ? code : 1000
      const cut = CloseCode.truncateReason(reason)
      this.ending.close(sent, cut)
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
      if (this.driver.reset === undefined) this.driver.terminate()
      else this.driver.reset()
    })
  }

  get ended(): Effect.Effect<never, ConnectionError> {
    return this.ending.ended
  }

  failure(): ConnectionError | undefined {
    return this.ending.error
  }

  get released(): Effect.Effect<void> {
    return this.ending.released
  }

  receive(receiver: Receiver): void {
    const { held } = this
    this.held = undefined
    this.receiver = receiver
    held?.handOver(receiver)
    this.letGo()
    if (this.ending.error !== undefined) receiver.onEnd(this.ending.error)
  }

  offer(message: Message): boolean {
    return this.ending.isOpen && this.driver.send(message) !== false
  }

  buffered(): number {
    return this.ending.error === undefined ? this.driver.buffered() : this.unsent
  }

  drained(mark: number): Effect.Effect<void, ConnectionError> {
    const check: Effect.Effect<void, ConnectionError> = Effect.suspend(() => {
      if (this.ending.error !== undefined) return Effect.fail(this.ending.error)
      if (this.driver.buffered() <= mark) return Effect.void
      return waitFor((wake) => {
        const forgetEnd = this.ending.onceEnded.add(wake)
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
    return this.ending.isOpen
  }

  pause(): void {
    if (this.pausedByUs || this.driver.pause === undefined || !this.ending.isOpen) return
    this.pausedByUs = true
    this.driver.pause()
  }

  resume(): void {
    if (!this.pausedByUs) return
    this.pausedByUs = false
    if (!this.isHeldUp) this.driver.resume?.()
  }
}
