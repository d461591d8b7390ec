/**
 * What a connection tells about itself: its status and its events, and when its
 * metrics are published.
 *
 * Hot counters are plain fields, published once per burst; events that nobody
 * reads are never built.
 */
import type * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as PubSub from "effect/PubSub"
import type * as Scheduler from "effect/Scheduler"
import * as Stream from "effect/Stream"
import type { ConnectionEvent } from "../ConnectionEvent.ts"
import type { ConnectionStatus } from "../ConnectionStatus.ts"
import { EventObserver } from "./eventObserver.ts"
import { type Direction, type DropReason, Meter, type MeterOwner } from "./meter.ts"

type EventOf<Tag> = Extract<ConnectionEvent, { readonly _tag: Tag }>

interface Drops {
  readonly direction: Direction
  readonly reason: DropReason
  messages: number
  bytes: number
}

const bufferSize = 1024

/** Whose journal it is. */
export interface JournalOwner extends MeterOwner {
  /** What it is doing now, where that is newer than the last transition. */
  readonly status?: ConnectionStatus | undefined
  /** Runs once a burst, before the publication. */
  readonly onTick: () => void
}

export class Journal {
  private current: ConnectionStatus
  private statuses: PubSub.PubSub<ConnectionStatus> | undefined = undefined
  private happenings: PubSub.PubSub<ConnectionEvent> | undefined = undefined
  private finished = false

  // Counted on the hot path, published by `tick`.
  inboundMessages = 0
  inboundBytes = 0
  outboundMessages = 0
  outboundBytes = 0
  private drops: Array<Drops> | undefined = undefined
  private later: Array<ConnectionEvent> | undefined = undefined
  private ticking = false

  private readonly clock: Clock.Clock
  private readonly dispatcher: Scheduler.SchedulerDispatcher
  private readonly owner: JournalOwner
  private readonly observer: ((event: ConnectionEvent) => void) | undefined
  readonly meter: Meter

  constructor(options: {
    readonly status: ConnectionStatus
    readonly clock: Clock.Clock
    readonly context: Context.Context<never>
    readonly dispatcher: Scheduler.SchedulerDispatcher
    readonly owner: JournalOwner
  }) {
    this.current = options.status
    this.clock = options.clock
    this.dispatcher = options.dispatcher
    this.owner = options.owner
    this.observer = Context.get(options.context, EventObserver)
    this.meter = new Meter(options.context, options.owner)
  }

  // ---------------------------------------------------------------------------
  // status
  // ---------------------------------------------------------------------------

  get status(): ConnectionStatus {
    return this.current
  }

  /** A transition: published. */
  transition(next: ConnectionStatus): void {
    this.current = next
    this.meter.status(next)
    if (this.statuses !== undefined) offer(this.statuses, next)
  }

  /** The current status first, then every transition; ends after `Closed`. */
  get changes(): Stream.Stream<ConnectionStatus> {
    return Stream.unwrap(Effect.gen({ self: this }, function*() {
      if (this.finished) return Stream.make(this.owner.status ?? this.current)
      this.statuses ??= yield* PubSub.sliding<ConnectionStatus>(bufferSize)
      const subscription = yield* PubSub.subscribe(this.statuses)
      return Stream.concat(Stream.make(this.owner.status ?? this.current), Stream.fromSubscription(subscription)).pipe(
        Stream.takeUntil((status) => status._tag === "Closed")
      )
    }))
  }

  // ---------------------------------------------------------------------------
  // events
  // ---------------------------------------------------------------------------

  /** What happens from now on; ends after `Closed`. */
  get events(): Stream.Stream<ConnectionEvent> {
    return Stream.unwrap(Effect.gen({ self: this }, function*() {
      if (this.finished) return Stream.empty
      this.happenings ??= yield* PubSub.sliding<ConnectionEvent>(bufferSize)
      return Stream.fromSubscription(yield* PubSub.subscribe(this.happenings)).pipe(
        Stream.takeUntil((event) => event._tag === "Closed")
      )
    }))
  }

  /** Whether somebody reads the events. */
  get isFollowed(): boolean {
    return this.happenings !== undefined || this.observer !== undefined
  }

  /** Publishes an event, built only where somebody listens. Not from inside a socket's callback: see `publishLater`. */
  publish<Tag extends ConnectionEvent["_tag"]>(tag: Tag, fields: () => Omit<EventOf<Tag>, "_tag" | "at">): void {
    if (!this.isFollowed) return
    this.flushLater()
    this.tell(this.event(tag, fields()))
  }

  /** The same where no user's fiber may be resumed yet, inside a socket's callback for instance. */
  publishLater<Tag extends ConnectionEvent["_tag"]>(tag: Tag, fields: () => Omit<EventOf<Tag>, "_tag" | "at">): void {
    if (!this.isFollowed) return
    ;(this.later ??= []).push(this.event(tag, fields()))
    this.tick()
  }

  private tell(event: ConnectionEvent): void {
    this.observer?.(event)
    if (this.happenings !== undefined) offer(this.happenings, event)
  }

  private event<Tag extends ConnectionEvent["_tag"]>(
    tag: Tag,
    fields: Omit<EventOf<Tag>, "_tag" | "at">
  ): ConnectionEvent {
    return { _tag: tag, at: this.now(), ...fields } as unknown as ConnectionEvent
  }

  now(): DateTime.Utc {
    return DateTime.makeUnsafe(this.clock.currentTimeMillisUnsafe())
  }

  /** Messages were dropped: counted now, announced once a burst. */
  dropped(direction: Direction, reason: DropReason, messages: number, bytes: number): void {
    const drops = this.drops ??= []
    const known = drops.find((entry) => entry.direction === direction && entry.reason === reason)
    if (known === undefined) {
      drops.push({ direction, reason, messages, bytes })
    } else {
      known.messages += messages
      known.bytes += bytes
    }
    this.tick()
  }

  // ---------------------------------------------------------------------------
  // once a burst
  // ---------------------------------------------------------------------------

  /** Asks for a publication at the end of this burst. */
  tick(): void {
    if (this.ticking) return
    this.ticking = true
    this.dispatcher.scheduleTask(this.runTick, 0)
  }

  private readonly runTick = (): void => {
    this.ticking = false
    this.owner.onTick()
    this.settle()
  }

  /** Publishes what was counted. */
  settle(): void {
    if (this.inboundMessages > 0) {
      this.meter.passed("inbound", this.inboundMessages, this.inboundBytes)
      this.inboundMessages = this.inboundBytes = 0
    }
    if (this.outboundMessages > 0) {
      this.meter.passed("outbound", this.outboundMessages, this.outboundBytes)
      this.outboundMessages = this.outboundBytes = 0
    }
    const drops = this.drops
    if (drops !== undefined) {
      this.drops = undefined
      for (const entry of drops) {
        this.meter.dropped(entry.direction, entry.reason, entry.messages)
        this.publish("Dropped", () => entry)
      }
    }
    this.flushLater()
  }

  private flushLater(): void {
    const later = this.later
    if (later === undefined) return
    this.later = undefined
    for (const event of later) this.tell(event)
  }

  /** The name is known now, and with it the attributes of the status. */
  named(): void {
    this.meter.status(this.current)
  }

  /** `Closed` was published: nothing is published afterwards. */
  finish(): void {
    this.finished = true
  }
}

/** Publishes; who is slow loses its oldest. */
const offer = <A>(pubsub: PubSub.PubSub<A>, value: A): void => {
  // The unsafe one refuses where the slowest is full, and nobody would be told.
  if (!PubSub.publishUnsafe(pubsub, value)) Effect.runSync(PubSub.publish(pubsub, value))
}
