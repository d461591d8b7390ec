/**
 * What is kept of one connection, to tell what it does and has done.
 */
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import type { ConnectionError } from "../../ConnectionError.ts"
import type { ConnectionEvent } from "../../ConnectionEvent.ts"
import type { ConnectionStatus } from "../../ConnectionStatus.ts"
import type { Link } from "../../Link.ts"
import type { ConnectionReport, Ending, Traffic } from "./ConnectionReport.ts"

/** Of so many heartbeats the round trips are kept. */
const keptRoundTrips = 128

/** What is known at the moment of a report. */
export interface Moment {
  readonly status: ConnectionStatus
  /** Wall clock. */
  readonly now: DateTime.Utc
  /** Monotonic nanoseconds, of the clock that links read. */
  readonly nanos: bigint
  readonly received: Traffic
  readonly sent: Traffic
  readonly silenceLimit?: number | undefined
}

export class Recorder {
  private since: DateTime.Utc
  private endpoint = ""
  private sessions = 0
  private attempt = 0
  private dialled = 0
  private dropped = 0
  private last: Ending | undefined
  private gaveUp = false
  private nextDialAt: DateTime.Utc | undefined
  private roundTrips: Array<number> | undefined
  private lastRoundTrip = 0
  private link: Link | undefined
  private lastMessage: bigint | undefined

  constructor(now: DateTime.Utc) {
    this.since = now
  }

  /** Dials so far. */
  get dials(): number {
    return this.dialled
  }

  /** A dial succeeded. */
  linked(link: Link): void {
    this.link = link
    this.endpoint = link.endpoint
  }

  /** A message came, at this monotonic moment. */
  messaged(nanos: bigint): void {
    this.lastMessage = nanos
  }

  happened(event: ConnectionEvent): void {
    switch (event._tag) {
      case "Dialling":
        this.dialled++
        this.attempt = event.attempt
        this.since = event.at
        this.nextDialAt = undefined
        if (event.endpoint !== "") this.endpoint = event.endpoint
        return
      case "Opened":
        this.sessions++
        this.since = event.at
        return
      case "Disconnected":
        this.link = undefined
        this.since = event.at
        this.last = endingOf(event.error, event.at)
        return
      case "AttemptFailed":
        this.last = endingOf(event.error, event.at)
        return
      case "WaitScheduled":
        this.since = event.at
        this.nextDialAt = DateTime.addDuration(event.at, event.delay)
        return
      case "PongReceived":
        return this.answered(Duration.toMillis(event.rtt))
      case "Dropped":
        this.dropped += event.messages
        return
      case "Closed":
        this.link = undefined
        this.since = event.at
        this.nextDialAt = undefined
        this.gaveUp = Option.isSome(event.cause)
        if (Option.isSome(event.cause)) this.last = endingOf(event.cause.value, event.at)
        return
      case "Paused":
      case "Resumed":
        return
    }
  }

  private answered(millis: number): void {
    const kept = this.roundTrips ??= []
    if (kept.length < keptRoundTrips) kept.push(millis)
    else kept[this.lastRoundTrip] = millis
    this.lastRoundTrip = (this.lastRoundTrip + 1) % keptRoundTrips
  }

  report(name: string, { nanos, now, received, sent, silenceLimit, status }: Moment): ConnectionReport {
    const open = status._tag === "Open" ? status : undefined
    const subprotocol = open === undefined ? undefined : Option.getOrUndefined(open.subprotocol)
    const age = (then: bigint | undefined) =>
      then === undefined ? undefined : Math.max(0, Number((nanos - then) / 1_000_000n))
    return {
      name,
      state: status._tag,
      since: DateTime.formatIso(open?.since ?? this.since),
      endpoint: this.endpoint,
      ...defined("subprotocol", subprotocol),
      ...defined("session", open?.session),
      sessions: this.sessions,
      attempt: status._tag === "Connecting" || status._tag === "Waiting" ? status.attempt : this.attempt,
      dials: this.dialled,
      ...defined("last", this.last),
      ...defined(
        "nextDialAt",
        status._tag !== "Waiting" || this.nextDialAt === undefined ? undefined : DateTime.formatIso(this.nextDialAt)
      ),
      ...defined("rtt", this.rtt),
      received,
      sent,
      dropped: this.dropped,
      ...defined("lastByteAge", open === undefined ? undefined : age(this.link?.lastInbound())),
      ...defined("lastMessageAge", age(this.lastMessage)),
      ...defined("silenceLimit", silenceLimit),
      ...defined("gaveUp", status._tag === "Closed" ? this.gaveUp : undefined),
      paused: open?.paused ?? false,
      at: DateTime.formatIso(now)
    }
  }

  private get rtt(): ConnectionReport["rtt"] {
    const kept = this.roundTrips
    if (kept === undefined) return undefined
    const sorted = kept.toSorted((a, b) => a - b)
    const rank = (p: number) => sorted[Math.min(sorted.length - 1, Math.ceil(p * sorted.length) - 1)] ?? 0
    const last = kept[(this.lastRoundTrip + keptRoundTrips - 1) % keptRoundTrips] ?? 0
    return { last, p50: rank(0.5), p99: rank(0.99) }
  }
}

/** The end as it is told; the peer's words cannot steer a terminal. */
export const endingOf = (error: ConnectionError, at: DateTime.Utc): Ending => {
  const reason = error.reason
  const code = "status" in reason
    ? reason.status
    : "code" in reason && typeof reason.code === "number"
    ? reason.code
    : undefined
  return {
    at: DateTime.formatIso(at),
    reason: reason._tag,
    message: printable(error.message),
    ...defined("code", code),
    ...defined("initiator", "initiator" in reason ? reason.initiator : undefined),
    retryable: error.isRetryable
  }
}

/** The text on one line, without control characters. */
const printable = (text: string): string => text.replaceAll(/\p{Cc}+/gu, " ").trim()

const defined = <K extends string, V>(key: K, value: V | undefined): { readonly [_ in K]?: V } =>
  (value === undefined ? {} : { [key]: value }) as { readonly [_ in K]?: V }
