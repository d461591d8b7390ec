/**
 * A dial: the opening handshake, the redirects that may be followed, and the
 * scope that frees whatever is there by then.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Scope from "effect/Scope"
import { ConnectionError, type Reason } from "../../ConnectionError.ts"
import type { HandshakeRequest, Verify } from "../../Handshake.ts"
import type { LinkState } from "../../internal/linkState.ts"
import { rejected } from "../../internal/rejected.ts"
import { requestUrl } from "../../internal/requestUrl.ts"
import type { Link } from "../../Link.ts"
import type { DialPhase, Transport } from "../../Transport.ts"
import { makeLink } from "./link.ts"
import { openHandshake } from "./openingHandshake.ts"
import { loadProxyAgent, type Tunnel } from "./proxy.ts"
import { redirect, type Target } from "./redirect.ts"
import type { Config } from "./transportOptions.ts"

/** Makes the transport's `dial`. */
export const makeDial = (config: Config): Transport["Service"]["dial"] => (request, verify, progress = () => {}) =>
  Effect.uninterruptibleMask(Effect.fnUntraced(function*(restore) {
    const scope = yield* Effect.scope
    const holding = new Holding()
    const clock = yield* Clock.clockWith(Effect.succeed)
    const dialling = new Dialling({ config, request, verify, progress, clock, holding })
    // Before anything is there to free: the scope may close while the dial goes on.
    yield* Scope.addFinalizer(scope, holding.release)
    return yield* restore(dialling.run).pipe(
      Effect.onExit((exit) => Exit.isSuccess(exit) ? Effect.void : holding.release)
    )
  }))

/** What there is to free by now. It lives as long as the link; the request and its secrets do not. */
class Holding {
  link: LinkState | undefined = undefined
  abandon: (() => void) | undefined = undefined
  released = false

  /** Frees it, and waits until it is free. */
  get release(): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.released = true
      this.abandon?.()
      const link = this.link
      return link === undefined ? Effect.void : Effect.andThen(link.terminate, link.released)
    })
  }
}

interface DiallingOptions {
  readonly config: Config
  readonly request: HandshakeRequest
  readonly verify: Verify
  readonly progress: (phase: DialPhase) => void
  readonly clock: Clock.Clock
  readonly holding: Holding
}

class Dialling {
  private readonly config: Config
  private readonly request: HandshakeRequest
  private readonly verify: Verify
  private readonly progress: (phase: DialPhase) => void
  private readonly clock: Clock.Clock
  private readonly holding: Holding

  constructor(options: DiallingOptions) {
    this.config = options.config
    this.request = options.request
    this.verify = options.verify
    this.progress = options.progress
    this.clock = options.clock
    this.holding = options.holding
  }

  get run(): Effect.Effect<Link, ConnectionError> {
    const { endpoint, headers, subprotocols } = this.request
    // `Handshake` has done it; who dials by hand may give what people call a url.
    const asked = requestUrl(this.request.url)
    if (Result.isFailure(asked)) return Effect.fail(this.error(asked.failure, { endpoint }))
    const { authorization, url } = asked.success
    const target = Option.isNone(authorization) || headers["authorization"] !== undefined
      ? { url, headers, subprotocols, endpoint }
      : { url, headers: { ...headers, authorization: authorization.value }, subprotocols, endpoint }
    return this.hop(target, this.config.redirects)
  }

  private hop(target: Target, redirectsLeft: number): Effect.Effect<Link, ConnectionError> {
    return Effect.flatMap(this.tunnelTo(target), (tunnel) =>
      Effect.flatMap(
        this.open(target, tunnel, redirectsLeft),
        (result) => "url" in result ? this.hop(result, redirectsLeft - 1) : Effect.succeed(result)
      ))
  }

  private tunnelTo(target: Target): Effect.Effect<Tunnel | undefined, ConnectionError> {
    const { proxyFor, proxySocket } = this.config
    if (proxyFor === undefined) return Effect.undefined
    const url = new URL(target.url)
    return Effect.gen(function*() {
      const proxy = yield* Effect.fromResult(proxyFor(url))
      if (proxy === undefined) return undefined
      return (yield* loadProxyAgent())(proxy, url.protocol === "wss:", proxySocket)
    }).pipe(Effect.mapError((reason) => this.error(reason, target)))
  }

  private open(
    target: Target,
    tunnel: Tunnel | undefined,
    redirectsLeft: number
  ): Effect.Effect<LinkState | Target, ConnectionError> {
    const { clock, config, holding, progress, request, verify } = this
    const next = (status: number, location: string | undefined): Target | undefined =>
      redirectsLeft > 0 ? redirect(target, status, location, request.secretSubprotocols) : undefined
    return Effect.callback((resume) => {
      // The scope was closed before the dial had begun, or between two hops.
      if (holding.released) return resume(Effect.interrupt)
      const fail = (reason: Reason) => resume(Effect.fail(this.error(reason, target)))
      const undo = openHandshake({
        target,
        request,
        verify,
        progress,
        config,
        tunnel,
        skipBody: (status, location) => next(status, location) !== undefined
      }, (outcome) => {
        holding.abandon = undefined
        switch (outcome._tag) {
          case "Opened":
            holding.link = makeLink({ ...outcome, endpoint: target.endpoint, attempt: request.attempt, clock, config })
            return resume(Effect.succeed(holding.link))
          case "Refused": {
            const { body, response } = outcome
            const elsewhere = next(response.status, response.headers["location"])
            if (elsewhere !== undefined) return resume(Effect.succeed(elsewhere))
            return fail(rejected({ ...response, body, now: clock.currentTimeMillisUnsafe() }))
          }
          case "Failed":
            return fail(outcome.reason)
          case "Defect":
            return resume(Effect.die(outcome.defect))
        }
      })
      holding.abandon = () => {
        undo()
        resume(Effect.interrupt)
      }
    })
  }

  private error(reason: Reason, target: Pick<Target, "endpoint">): ConnectionError {
    return new ConnectionError({ reason, attempt: this.request.attempt, endpoint: target.endpoint })
  }
}
