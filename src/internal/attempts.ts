/**
 * How often a connection has dialled, where to and why in vain: the numbers and
 * the name that its errors, its logs and its events carry.
 */
import * as Effect from "effect/Effect"
import { ConnectionError } from "../ConnectionError.ts"
import type { ActiveSession } from "./activeSession.ts"
import type { Journal } from "./journal.ts"

/** Whose attempts they are. */
export interface AttemptsOwner {
  readonly options: { readonly name: string | undefined }
  readonly services: { readonly handshake: { readonly endpoint?: string | undefined } }
  readonly journal: Journal
  readonly current: ActiveSession | undefined
}

export class Attempts {
  /** The present attempt: counts from 1 since the last stable session. */
  number = 0
  /** All of them. */
  dials = 0
  /** Why the last attempt failed, or the last session ended. */
  previous: ConnectionError | undefined = undefined

  private readonly owner: AttemptsOwner
  private endpoint: string | undefined = undefined
  private firstEndpoint: string | undefined = undefined
  private announced = false

  constructor(owner: AttemptsOwner) {
    this.owner = owner
  }

  /** The connection's name. */
  get name(): string {
    // Later urls do not change it: it stands in metrics.
    return this.owner.options.name ?? this.owner.services.handshake.endpoint ?? this.firstEndpoint ?? "connection"
  }

  /** True as long as the name is yet to be known. */
  get unnamed(): boolean {
    return this.owner.options.name === undefined && this.owner.services.handshake.endpoint === undefined &&
      this.firstEndpoint === undefined
  }

  /** One more: says that it is connecting, where the status does not say so yet. */
  begin(): void {
    const { journal } = this.owner
    const attempt = ++this.number
    this.dials++
    this.announced = false
    const status = journal.status
    if (status._tag !== "Connecting" || status.attempt !== attempt || this.dials === 1) {
      journal.transition({ _tag: "Connecting", attempt })
    }
  }

  /** Its request is made. */
  requested(endpoint: string): void {
    this.endpoint = endpoint
    if (this.firstEndpoint === undefined) {
      this.firstEndpoint = endpoint
      this.owner.journal.named()
    }
    this.announce(endpoint)
  }

  /** It has opened, failed or been left: one whose request could not be made is announced as well as it is known. */
  dialled(): void {
    if (!this.announced) this.announce(this.owner.services.handshake.endpoint ?? this.endpoint ?? "")
  }

  // Not before the name is known, or in the end: it is counted under that name.
  private announce(endpoint: string): void {
    const attempt = this.number
    this.announced = true
    this.owner.journal.meter.attempted()
    this.owner.journal.publish("Dialling", () => ({ attempt, endpoint }))
  }

  /** It ended without a session. */
  failed(error: ConnectionError): Effect.Effect<void> {
    this.previous = error
    this.owner.journal.publishLater("AttemptFailed", () => ({ attempt: this.number, error }))
    return this.annotate(Effect.logDebug(`attempt ${this.number} failed: ${error.message}`))
  }

  /** A session was stable: the next attempt is the first again. */
  restart(): void {
    this.number = 0
  }

  error(reason: ConnectionError["reason"]): ConnectionError {
    return new ConnectionError({ reason, attempt: this.number, endpoint: this.endpoint ?? "" })
  }

  /** What is logged by the effect carries the connection, the attempt and, where there is one, the session. */
  annotate<A, E, R>(effect: Effect.Effect<A, E, R>, session = this.owner.current): Effect.Effect<A, E, R> {
    return Effect.annotateLogs(effect, {
      connection: this.name,
      attempt: session?.attempt ?? this.number,
      ...(session === undefined ? undefined : { session: session.id })
    })
  }
}
