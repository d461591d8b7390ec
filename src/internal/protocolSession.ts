/**
 * One session of a connection, as a protocol speaks in it.
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { PreludeSession, SendOptions, Session } from "../Connection.ts"
import type { ConnectionError } from "../ConnectionError.ts"
import type { Message } from "../Link.ts"
import type { Decodings } from "./decodings.ts"
import type { Encoder } from "./encoder.ts"
import { SingleValues, valuesOf } from "./typedReaders.ts"

/**
 * A `Session` whose messages are values.
 *
 * **Details**
 *
 * As with `Session`, `messages` begins with the first value after `greet`, and a
 * second run of it begins from then on. What `receive` has not yet given of a
 * frame with several values comes first in `messages`.
 */
export interface ProtocolSession<Incoming, Outgoing>
  extends Pick<Session, "id" | "openedAt" | "endpoint" | "subprotocol" | "response" | "end" | "ended">
{
  /** What this session receives; ends with the session, and fails with `DecodingFailed` only. */
  readonly messages: Stream.Stream<Incoming, ConnectionError>
  /** The next value of `messages`; fails with the reason of the session's end. */
  readonly receive: Effect.Effect<Incoming, ConnectionError>
  /** Like `Protocol.send`, but fails once this session has ended. */
  readonly send: (outgoing: Outgoing, options?: SendOptions) => Effect.Effect<void, ConnectionError>
}

/** A `PreludeSession` in which values are sent. */
export interface ProtocolPrelude<Outgoing> extends Omit<PreludeSession, "send"> {
  /**
   * Goes before everything that waits to be sent. Once the preludes of this session are over it is the session's
   * ordinary `send`. Fails with `SendFailed` once it has ended, and where the schema or the codec refuses the value.
   */
  readonly send: (outgoing: Outgoing) => Effect.Effect<void, ConnectionError>
}

/** The session as one reader of the protocol is handed it. */
export const makeProtocolSession = <Incoming, Outgoing>(
  session: Session,
  decodings: Decodings<Incoming, ConnectionError>,
  encode: Encoder<Outgoing>
): ProtocolSession<Incoming, Outgoing> => {
  const single = new SingleValues(decodings, session.receive)
  return {
    id: session.id,
    openedAt: session.openedAt,
    endpoint: session.endpoint,
    subprotocol: session.subprotocol,
    response: session.response,
    get messages() {
      return Stream.suspend(() => {
        const rest = single.takeRest()
        const values = valuesOf(decodings, session.messages)
        return rest.length === 0 ? values : Stream.concat(Stream.fromIterable(rest), values)
      })
    },
    get receive() {
      return single.receive
    },
    send: (outgoing, options) => encoded(encode, outgoing, (message) => session.send(message, options)),
    end: session.end,
    get ended() {
      return session.ended
    }
  }
}

/** The session as a prelude of the protocol is handed it. */
export const makeProtocolPrelude = <Outgoing>(
  session: PreludeSession,
  encode: Encoder<Outgoing>
): ProtocolPrelude<Outgoing> => ({
  id: session.id,
  endpoint: session.endpoint,
  subprotocol: session.subprotocol,
  downtime: session.downtime,
  previous: session.previous,
  send: (outgoing) => encoded(encode, outgoing, session.send),
  get ended() {
    return session.ended
  }
})

/** Sends what the value becomes, each time that the effect is run. */
export const encoded = <Outgoing>(
  encode: Encoder<Outgoing>,
  outgoing: Outgoing,
  send: (message: Message) => Effect.Effect<void, ConnectionError>
): Effect.Effect<void, ConnectionError> =>
  Effect.suspend(() => {
    const message = encode(outgoing)
    return message._tag === "Success" ? send(message.success) : Effect.fail(message.failure)
  })
