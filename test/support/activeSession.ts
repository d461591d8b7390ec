// An open session on a link, without a connection around it.
import * as Cause from "effect/Cause"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import { ActiveSession, type SessionEnd } from "../../src/internal/activeSession.ts"
import { Inbox } from "../../src/internal/inbox.ts"
import type { Journal } from "../../src/internal/journal.ts"
import { makeSession } from "../../src/internal/session.ts"
import type { Message } from "../../src/Link.ts"
import { makeJournal } from "./journal.ts"
import * as WiredLink from "./wiredLink.ts"

export const make = Effect.fnUntraced(function*() {
  const journal: Journal = yield* makeJournal({ name: "session", onTick: () => inbox.endBurst() })
  const inbox = new Inbox({ highWaterMark: 50, overflow: "backpressure", unread: "discard" }, {
    journal,
    canPause: true,
    onPause: () => {},
    onResume: () => {},
    onOverflow: () => {},
    onUnread: () => {},
    onThrown: () => {}
  })
  const link = yield* WiredLink.make()
  const ends: Array<SessionEnd | undefined> = []
  const active: ActiveSession = new ActiveSession({
    id: 3,
    attempt: 2,
    link: link.state,
    scope: yield* Scope.make(),
    linkScope: yield* Scope.make(),
    openedAt: DateTime.makeUnsafe(5),
    openedNanos: 0n,
    onEnd: () => ends.push(active.end)
  })
  inbox.attach(link.state)
  link.state.receive({
    onMessage: (message, bytes) => inbox.push(message, bytes),
    onEnd: (error) => active.finish(Cause.fail(error))
  })
  const sent: Array<Message> = []
  const handOut = () => makeSession(active, inbox, (message) => Effect.sync(() => sent.push(message)))
  /** What the supervisor does. */
  const conclude = () => {
    inbox.detach()
    active.error = Option.getOrUndefined(Cause.findErrorOption(active.end!))
    active.onceEnded.wakeAll()
  }
  const { fanOut } = inbox as unknown as { fanOut: { subscriptions: ReadonlyArray<unknown> } }
  const subscriptions = () => fanOut.subscriptions.length
  return { active, conclude, ends, handOut, inbox, link, sent, subscriptions }
})
