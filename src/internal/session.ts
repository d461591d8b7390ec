/**
 * A session as its readers know it.
 */
import type { NonEmptyReadonlyArray } from "effect/Array"
import type * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type * as Pull from "effect/Pull"
import * as Stream from "effect/Stream"
import type { ConnectionError } from "../ConnectionError.ts"
import type { HandshakeResponse, Message } from "../Link.ts"
import type { ActiveSession } from "./activeSession.ts"
import type { Inbox } from "./inbox.ts"
import { Place } from "./place.ts"
import { sendFailed } from "./sendFailures.ts"
import type { SendOptions } from "./sendOptions.ts"

/** A close code and reason; 1000 and none where not said. */
export interface CloseOptions {
  /** One that a client may send: 1000–1003, 1007–1011, 3000–4999. */
  readonly code?: number | undefined
  /** At most 123 bytes of UTF-8; a longer one is cut, with a warning (RFC 6455 §5.5). */
  readonly reason?: string | undefined
}

/**
 * One socket's life, from `Open` to its end.
 *
 * **Details**
 *
 * A session that was handed out already holds its subscription: `messages`
 * begins with the first frame after `greet`, kept up to the inbound mark until
 * it is run, and ends with the session. A second run of `messages` begins from
 * then on.
 */
export interface Session {
  /** Counts the sessions of a connection, from 1. */
  readonly id: number
  /** By the wall clock. */
  readonly openedAt: DateTime.Utc
  /** Origin and path; never credentials, never the query. */
  readonly endpoint: string
  /** The one that the server chose, if any. */
  readonly subprotocol: Option.Option<string>
  /** None where the platform does not tell (browsers). */
  readonly response: Option.Option<HandshakeResponse>
  /** What this session receives; ends, without an error, with the session. */
  readonly messages: Stream.Stream<Message>
  /** The next message of `messages`; fails with the reason of the session's end. */
  readonly receive: Effect.Effect<Message, ConnectionError>
  /** Like `Connection.send`, but fails once this session has ended. */
  readonly send: (message: Message, options?: SendOptions) => Effect.Effect<void, ConnectionError>
  /** Ends this session with a Close frame; the connection dials again by its policy. */
  readonly end: (options?: CloseOptions) => Effect.Effect<void, ConnectionError>
  /** Waits for the end, and tells why. */
  readonly ended: Effect.Effect<ConnectionError>
}

/** A session, and its reader's place. */
export interface HandedOut {
  readonly active: ActiveSession
  readonly session: Session
  readonly place: Place
}

/** The session as one reader is handed it. */
export const makeSession = (
  active: ActiveSession,
  inbox: Inbox,
  send: (message: Message, options?: SendOptions) => Effect.Effect<void, ConnectionError>
): HandedOut => {
  const place = new Place(active, inbox)
  const session: Session = {
    id: active.id,
    openedAt: active.openedAt,
    endpoint: active.link.endpoint,
    subprotocol: active.link.subprotocol,
    response: active.link.response,
    // A session ends for its readers without an error; `ended` says why.
    get messages() {
      return Stream.scoped(Stream.fromPull(Effect.map(
        Effect.acquireRelease(
          Effect.sync(() => place.run()),
          (taken) => Effect.sync(() => inbox.unsubscribe(taken))
        ),
        // The inbox finishes a session's subscriptions with `Done`.
        (taken) => inbox.take(taken) as Pull.Pull<NonEmptyReadonlyArray<Message>>
      )))
    },
    get receive() {
      return place.receive
    },
    send: (message, options) =>
      Effect.suspend(() =>
        active.error !== undefined || active.end !== undefined
          ? Effect.fail(sendFailed(active.causeOfEnd))
          : send(message, options)
      ),
    end: (options) => active.close(options),
    get ended() {
      return active.ended
    }
  }
  return { active, session, place }
}
