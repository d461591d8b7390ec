/**
 * How a link ends: our own Close, the one error, the release of the descriptor,
 * and who waits for them.
 */
import * as Effect from "effect/Effect"
import { AbnormalClosure, ConnectionError, fromCloseFrame, type Reason, SendFailed } from "../ConnectionError.ts"
import { Waiters, waitFor } from "./wait.ts"

export class LinkEnd {
  private readonly attempt: number
  private readonly endpoint: string
  /** No Close of ours was sent, and it has not ended. */
  isOpen = true
  /** Why it ended. */
  error: ConnectionError | undefined = undefined
  private ourClose: { readonly code: number; readonly reason: string } | undefined = undefined
  private isReleased = false
  readonly onceEnded = new Waiters()
  private onceReleased: Waiters | undefined = undefined

  constructor(attempt: number, endpoint: string) {
    this.attempt = attempt
    this.endpoint = endpoint
  }

  /** Our Close is sent. */
  close(code: number, reason: string): void {
    this.ourClose = { code, reason }
    this.isOpen = false
  }

  /** Whether our Close was sent. */
  get isClosing(): boolean {
    return this.ourClose !== undefined
  }

  /** It ended, which who waits is not told yet. */
  settle(error: ConnectionError): void {
    this.error = error
    this.isOpen = false
    // An Error keeps what its frames captured alive until its stack was rendered.
    void error.stack
  }

  /** The descriptor is free. */
  release(): void {
    this.isReleased = true
    this.onceReleased?.wakeAll()
  }

  get ended(): Effect.Effect<never, ConnectionError> {
    const failed = Effect.suspend(() => Effect.fail(this.error!))
    return Effect.suspend(() => this.error !== undefined ? failed : waitFor((wake) => this.onceEnded.add(wake), failed))
  }

  get released(): Effect.Effect<void> {
    return Effect.suspend(() =>
      this.isReleased ? Effect.void : waitFor((wake) => (this.onceReleased ??= new Waiters()).add(wake), Effect.void)
    )
  }

  errorOf(reason: Reason): ConnectionError {
    return new ConnectionError({ reason, attempt: this.attempt, endpoint: this.endpoint })
  }

  /** The error for an end of which a transport knows this reason: our own Close explains whatever follows it. */
  explained(reason: Reason): ConnectionError {
    return this.errorOf(this.byOurClose ?? reason)
  }

  /** Why nothing more is sent. */
  get notSent(): ConnectionError {
    const cause = this.error ?? this.explained(
      new AbnormalClosure({ cause: { message: "the peer is closing the connection" } })
    )
    return this.errorOf(new SendFailed({ delivery: "notSent", cause }))
  }

  private get byOurClose(): Reason | undefined {
    if (this.ourClose === undefined) return undefined
    return fromCloseFrame({ code: this.ourClose.code, closeReason: this.ourClose.reason, initiator: "self" })
  }
}
