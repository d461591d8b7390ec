/**
 * The questions that a heartbeat can put to a peer, and which answer belongs to
 * which.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import type * as Scope from "effect/Scope"
import type { ConnectionError } from "../ConnectionError.ts"
import type { Link, Message } from "../Link.ts"
import { type InTurn, sendInTurn } from "./rateWindow.ts"

/** Something sent to hear from the peer. */
export interface Question {
  askedAt: bigint
  /** Not written yet, since a rate limit holds it back: nothing can be answered. */
  isHeldBack: boolean
  /** When it left this process; undefined until then. */
  sentAt: bigint | undefined
  /** What had been received last when it was asked. */
  readonly heardBefore: bigint
}

/** How a link is asked. */
export interface Asker {
  /** Sends the question and calls back when it has left this process; or an effect that does, to be forked. */
  readonly ask: (question: Question, sent: () => void) => Effect.Effect<void, ConnectionError> | undefined
  /** Forgets what is unanswered, so that no answer gives a round trip. */
  readonly forget: () => void
}

/** Makes the asker of one link; `answered` is called with the question that an answer belongs to. */
export type MakeAsker = (
  link: Link,
  answered: (question: Question) => void,
  inTurn?: InTurn
) => Effect.Effect<Asker, never, Scope.Scope>

// More questions than this are unanswered only where answers never come.
const maxUnanswered = 16

/** Asks by a protocol ping. Each has a payload of its own, so that no other session's pong answers it. */
export const pings: MakeAsker = Effect.fnUntraced(function*(link, answered) {
  const session = yield* Random.nextIntBetween(0, 0xffff_ffff)
  const unanswered: Array<{ readonly id: number; readonly question: Question }> = []
  // One payload for all: it is on its way out before the next question is asked.
  const payload = new Uint8Array(8)
  const outgoing = new DataView(payload.buffer)
  outgoing.setUint32(0, session)
  let id = 0
  yield* link.onPong((payload) => {
    if (payload.length !== 8) return
    const view = new DataView(payload.buffer, payload.byteOffset, 8)
    if (view.getUint32(0) !== session) return
    const index = unanswered.findIndex((entry) => entry.id === view.getUint32(4))
    if (index < 0) return
    const question = unanswered[index]!.question
    // A pong may answer several pings at once (RFC 6455 §5.5.3).
    unanswered.splice(0, index + 1)
    answered(question)
  })
  return {
    ask: (question, sent) => {
      id = (id + 1) >>> 0
      outgoing.setUint32(4, id)
      unanswered.push({ id, question })
      if (unanswered.length > maxUnanswered) unanswered.shift()
      link.sendPing(payload, sent)
      return undefined
    },
    forget: () => {
      unanswered.length = 0
    }
  }
})

/** Asks by a message of the application; a message for which `isReply` holds answers the oldest question. */
export const messages = (
  message: Effect.Effect<Message>,
  isReply: ((message: Message) => boolean) | undefined
): MakeAsker =>
  Effect.fnUntraced(function*(link, answered, inTurn) {
    const unanswered: Array<Question> = []
    let defect: { readonly value: unknown } | undefined
    if (isReply !== undefined) {
      yield* link.onMessage((received) => {
        // This runs inside the socket's callback, where a user's throw must not end up.
        try {
          if (unanswered.length === 0 || !isReply(received)) return
        } catch (value) {
          defect ??= { value }
          return
        }
        answered(unanswered.shift()!)
      })
    }
    const send = Effect.flatMap(message, (value) => Effect.andThen(link.write([value]), link.flush))
    const ask = (question: Question, inTurn: InTurn) =>
      Effect.flatMap(message, (value) => {
        question.isHeldBack = true
        const sent = Clock.clockWith((clock) =>
          sendInTurn(link, value, inTurn, () => {
            question.isHeldBack = false
            question.askedAt = clock.monotonicTimeNanosUnsafe()
          })
        )
        return Effect.andThen(sent, link.flush)
      })
    return {
      ask: (question) => {
        if (defect !== undefined) return Effect.die(defect.value)
        if (isReply !== undefined) {
          unanswered.push(question)
          if (unanswered.length > maxUnanswered) unanswered.shift()
        }
        return inTurn === undefined ? send : ask(question, inTurn)
      },
      forget: () => {
        unanswered.length = 0
      }
    }
  })
