/**
 * The `Handshake` service of a user's options.
 */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Headers from "effect/http/Headers"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import { ConnectionError, type Reason } from "../ConnectionError.ts"
import type { AttemptContext, Handshake, HandshakeRequest, Options } from "../Handshake.ts"
import * as credentials from "./credentials.ts"
import { positiveDuration } from "./duration.ts"
import { InvalidRequest } from "./reasons.ts"
import { requestHeaders } from "./requestHeaders.ts"
import { type Offer, offeredSubprotocols } from "./requestSubprotocols.ts"
import { type RequestUrl, requestUrl } from "./requestUrl.ts"
import { verifyWith } from "./verify.ts"

const defaultTimeout = "10 seconds"
const strict = verifyWith({ requireSubprotocol: true })
const lenient = verifyWith({ requireSubprotocol: false })

/**
 * The service for a user's options, or the first of them that can never work.
 */
export const fromOptions = (
  options: Options<unknown, unknown, unknown, unknown>,
  context: Context.Context<never>
): Result.Result<Handshake["Service"], InvalidRequest> =>
  Result.gen(function*() {
    if (!Predicate.isObject(options)) {
      return yield* invalid("options", "must be an object with at least a `url`")
    }
    const url = yield* credentials.make("url", options.url, requestUrl, context)
    const headers = yield* credentials.make("headers", options.headers, requestHeaders, context)
    const subprotocols = yield* credentials.make("subprotocols", options.subprotocols, offeredSubprotocols, context)
    const timeout = yield* positiveDuration("timeout", options.timeout ?? defaultTimeout)
    const greetTimeout = yield* positiveDuration("greetTimeout", options.greetTimeout ?? defaultTimeout)
    const requireSubprotocol = yield* flag("requireSubprotocol", options.requireSubprotocol)
    const propagate = yield* flag("propagate", options.propagate)
    const { greet } = options
    if (greet !== undefined && typeof greet !== "function") {
      return yield* invalid("greet", "must be a function of the session that returns an Effect")
    }
    // Only these are kept: what is `known` may be secret.
    const makers: Makers = { url: url.make, headers: headers.make, subprotocols: subprotocols.make }
    return {
      request: (attempt) => request(attempt, makers),
      verify: requireSubprotocol ? strict : lenient,
      greet: Option.map(Option.fromUndefinedOr(greet), (greet) => (session) =>
        credentials.provide(Effect.suspend(() => greet(session)), context)),
      timeout,
      greetTimeout,
      propagate,
      usesHeaders: Option.isNone(headers.known) || Object.keys(headers.known.value).length > 0 ||
        Option.exists(url.known, (known) =>
          Option.isSome(known.authorization)),
      endpoint: Option.getOrUndefined(Option.map(url.known, (known) => known.endpoint))
    }
  })

const invalid = (option: string, problem: string) => Result.fail(new InvalidRequest({ option, problem }))

const flag = (option: string, given: unknown): Result.Result<boolean, InvalidRequest> =>
  given === undefined || typeof given === "boolean"
    ? Result.succeed(given ?? true)
    : invalid(option, "must be true or false")

interface Makers {
  readonly url: credentials.Maker<RequestUrl>
  readonly headers: credentials.Maker<Headers.Headers>
  readonly subprotocols: credentials.Maker<Offer>
}

const request = Effect.fnUntraced(function*(
  attempt: AttemptContext,
  make: Makers
): Effect.fn.Return<HandshakeRequest, ConnectionError> {
  const target = yield* failAs(make.url(attempt), attempt, "")
  const given = yield* failAs(make.headers(attempt), attempt, target.endpoint)
  const offered = yield* failAs(make.subprotocols(attempt), attempt, target.endpoint)
  return {
    url: target.url,
    // The user's own `authorization` wins over the url's.
    headers: Option.isSome(target.authorization) && given["authorization"] === undefined
      ? Headers.set(given, "authorization", target.authorization.value)
      : given,
    subprotocols: offered.names,
    ...(offered.secret.length === 0 ? undefined : { secretSubprotocols: offered.secret }),
    extensions: [],
    attempt: attempt.attempt,
    endpoint: target.endpoint
  }
})

const failAs = <A>(effect: Effect.Effect<A, Reason>, { attempt }: AttemptContext, endpoint: string) =>
  Effect.mapError(effect, (reason) => new ConnectionError({ reason, attempt, endpoint }))
