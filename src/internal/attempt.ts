/**
 * One attempt: the request, the dial, the checks and the greeting, each within
 * its deadline.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Headers from "effect/http/Headers"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import { ConnectionError, CredentialsFailed, HandshakeTimeout } from "../ConnectionError.ts"
import type { Handshake, HandshakeRequest } from "../Handshake.ts"
import type { Link, Message } from "../Link.ts"
import type { DialPhase, Transport } from "../Transport.ts"
import { within } from "./deadline.ts"
import { failInterrupted, greet } from "./greeting.ts"
import * as ObservedScope from "./observedScope.ts"
import type { InTurn } from "./rateWindow.ts"
import { redacted } from "./redact.ts"
import { traceparent } from "./traceparent.ts"

/** A link that was verified and greeted. */
export interface Established {
  readonly link: Link
  /** The session's scope: whatever starts in the session lives there, and a failure of it is told. */
  readonly observed: ObservedScope.ObservedScope
  readonly heartbeat: Effect.Effect<never, unknown> | undefined
  readonly leftover: ReadonlyArray<Message>
  /** The subprotocol as it may be shown. */
  readonly subprotocol: Option.Option<string>
}

export interface AttemptOptions {
  readonly services: { readonly transport: Transport["Service"]; readonly handshake: Handshake["Service"] }
  readonly attempt: number
  readonly previous: Option.Option<ConnectionError>
  readonly linkScope: Scope.Closeable
  readonly connectionScope: Scope.Scope
  readonly beforeGreet: Effect.Effect<void>
  /** Waits for a frame's turn within the rate limit; undefined where there is none. */
  readonly inTurn?: InTurn | undefined
  readonly onRequest: (endpoint: string) => void
}

/** Fails with why the attempt failed; the caller closes the link's scope then. */
export const dialAndGreet = (options: AttemptOptions): Effect.Effect<Established, ConnectionError> =>
  Effect.suspend(() => {
    // Not the span's value, which a tracer keeps for as long as it likes.
    let established: Established
    return Effect.gen(function*() {
      established = yield* establish(options)
    }).pipe(
      Effect.withSpan("holdfast.connect", { attributes: { attempt: options.attempt }, kind: "client" }),
      Effect.map(() => established)
    )
  })

const establish = (options: AttemptOptions): Effect.Effect<Established, ConnectionError> =>
  Effect.gen(function*() {
    const { link, secret } = yield* dial(options)
    yield* options.beforeGreet
    const observed = yield* ObservedScope.make(options.connectionScope)
    const greeted = yield* greet(options.services.handshake, link, observed, options).pipe(
      Effect.onExit((exit) => Exit.isFailure(exit) ? Scope.close(observed.scope, exit) : Effect.void)
    )
    const subprotocol = Option.map(link.subprotocol, (name) => secret.includes(name) ? redacted : name)
    return { link, observed, heartbeat: greeted.heartbeat, leftover: greeted.leftover, subprotocol }
  })

interface Dialled {
  readonly link: Link
  /** Subprotocols that may not be shown. */
  readonly secret: ReadonlyArray<string>
}

const dial = (options: AttemptOptions): Effect.Effect<Dialled, ConnectionError> => {
  const { handshake, transport } = options.services
  let phase: DialPhase | "credentials" = "credentials"
  let endpoint = ""
  return Effect.gen(function*() {
    const asked = yield* failInterrupted(
      handshake.request({ attempt: options.attempt, previous: options.previous }),
      (cause) => new ConnectionError({ reason: new CredentialsFailed({ cause }), attempt: options.attempt })
    )
    endpoint = asked.endpoint
    yield* Effect.annotateCurrentSpan("endpoint", endpoint)
    options.onRequest(endpoint)
    const request = yield* complete(asked, options)
    phase = "dns"
    const link = yield* Scope.provide(
      transport.dial(request, handshake.verify, (reached) => {
        phase = reached
      }),
      options.linkScope
    )
    return { link, secret: asked.secretSubprotocols ?? [] }
  }).pipe(
    within(handshake.timeout, () =>
      new ConnectionError({
        reason: new HandshakeTimeout({ phase, timeout: Option.some(handshake.timeout) }),
        attempt: options.attempt,
        endpoint
      }))
  )
}

/** Adds what the transport offers and, where headers can be sent, the trace context of this attempt's span. */
const complete = (request: HandshakeRequest, options: AttemptOptions): Effect.Effect<HandshakeRequest> =>
  Effect.map(Effect.option(Effect.currentSpan), (span) => {
    const { handshake, transport } = options.services
    const propagated = transport.capabilities.headers && handshake.propagate !== false
      ? Option.flatMap(span, traceparent)
      : Option.none()
    return {
      ...request,
      extensions: transport.extensions,
      // The user's own header wins.
      headers: Option.isNone(propagated) || request.headers["traceparent"] !== undefined
        ? request.headers
        : Headers.set(request.headers, "traceparent", propagated.value)
    }
  })
