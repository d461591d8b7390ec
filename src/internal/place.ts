/**
 * Where in what a session receives a reader of it is: nothing is missed between
 * being handed a session and reading it.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Pull from "effect/Pull"
import type { ConnectionError } from "../ConnectionError.ts"
import type { Message } from "../Link.ts"
import type { ActiveSession } from "./activeSession.ts"
import type { Inbox } from "./inbox.ts"
import { Subscription } from "./subscription.ts"

/** What a place has a right to, apart from the place, so that the place itself can be collected. */
interface Claim {
  readonly places: Places
  readonly inbox: Inbox
  /** Nothing was read yet, and nobody gave it up. */
  open: boolean
}

/**
 * A session that was handed out and thrown away, as by `awaitOpen` for the wait alone, has no reader that could still
 * come; keeping for it would cost more than all else that is done for a message.
 */
const forgotten = new FinalizationRegistry<Claim>((claim) => {
  if (claim.open) claim.places.letGo(claim.inbox)
})

/** The places of one session: those who have not begun to read share one subscription, however many they are. */
export class Places {
  private held: Subscription | undefined = undefined
  private holders = 0

  /** Somebody may read from here on. */
  hold(inbox: Inbox): void {
    this.holders++
    this.held ??= inbox.subscribe({ parked: true, ofSession: true })
  }

  /** One of them reads; the result is a subscription of its own. */
  take(inbox: Inbox): Subscription {
    const held = this.held!
    if (--this.holders > 0) return inbox.fork(held)
    this.held = undefined
    return held
  }

  /** One of them never will. */
  letGo(inbox: Inbox): void {
    if (--this.holders > 0) return
    inbox.unsubscribe(this.held!)
    this.held = undefined
  }

  /** The session has ended: of no interest any more who was thrown away. */
  end(): void {
    forgotten.unregister(this)
  }
}

/** A reader's place in what a session receives: it begins with the first message that this reader was to see. */
export class Place {
  private readonly active: ActiveSession
  private readonly inbox: Inbox
  private own: Subscription | undefined = undefined
  private released = false
  private readonly claim: Claim
  private hasRun = false

  constructor(active: ActiveSession, inbox: Inbox) {
    this.active = active
    this.inbox = inbox
    const { places } = active
    places.hold(inbox)
    this.claim = { places, inbox, open: true }
    // Until the session ends: a registration would keep it in memory.
    if (active.end === undefined) forgotten.register(this, this.claim, places)
  }

  /** What is read message by message, and by the first run. */
  get subscription(): Subscription {
    if (this.own !== undefined) return this.own
    this.claim.open = false
    return this.own = this.released ? this.subscribe(true) : this.active.places.take(this.inbox)
  }

  /** The subscription of a run: of the second and later ones from now on. */
  run(): Subscription {
    if (this.hasRun) return this.subscribe(false)
    this.hasRun = true
    const { subscription } = this
    this.inbox.activate(subscription)
    return subscription
  }

  /** The next single message. */
  get receive(): Effect.Effect<Message, ConnectionError> {
    return Effect.suspend(() =>
      Pull.catchDone(this.inbox.takeOne(this.subscription), () => {
        if (!this.inbox.serves(this.active.link)) return Effect.flatMap(this.active.ended, Effect.fail)
        // A run has ended, and its subscription with it.
        this.own = this.subscribe(true)
        return this.receive
      })
    )
  }

  /** This reader never came, or is gone. */
  release(): void {
    if (this.own !== undefined) this.inbox.unsubscribe(this.own)
    else if (!this.released) this.active.places.letGo(this.inbox)
    this.claim.open = false
    this.released = true
  }

  private subscribe(parked: boolean): Subscription {
    if (this.inbox.serves(this.active.link)) return this.inbox.subscribe({ parked, ofSession: true })
    const nothing = new Subscription({ parked, ofSession: true })
    nothing.end = Cause.done()
    return nothing
  }
}
