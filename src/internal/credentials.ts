/**
 * A part of the request that may have to be made afresh at every attempt: the
 * url, the headers or the subprotocols.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as References from "effect/References"
import * as Result from "effect/Result"
import * as Scope from "effect/Scope"
import * as Tracer from "effect/Tracer"
import type { AttemptContext } from "../Handshake.ts"
import { CredentialsFailed, InvalidRequest } from "./reasons.ts"

/** Makes one part of an attempt's request. */
export type Maker<A> = (context: AttemptContext) => Effect.Effect<A, CredentialsFailed | InvalidRequest>

/** One part of the request. */
export interface Credential<A> {
  readonly make: Maker<A>
  /** Where the user gave a plain value. It may hold secrets: it is for a look at build time, not to be kept. */
  readonly known: Option.Option<A>
}

/**
 * Reads an option that is a value, an effect or a function of the attempt. A
 * plain value is checked at once; it is unwrapped again for every request, so
 * that no secret is kept outside its `Redacted`.
 */
export const make = <A>(
  option: string,
  source: unknown,
  parse: (input: unknown) => Result.Result<A, InvalidRequest>,
  context: Context.Context<never>
): Result.Result<Credential<A>, InvalidRequest> =>
  typeof source === "function" || Effect.isEffect(source)
    ? Result.succeed(made(option, source, parse, context))
    : plain(source, parse)

const plain = <A>(
  source: unknown,
  parse: (input: unknown) => Result.Result<A, InvalidRequest>
): Result.Result<Credential<A>, InvalidRequest> =>
  Result.map(parse(source), (value) => ({
    make: () => Effect.suspend(() => Effect.fromResult(parse(source))),
    known: Option.some(value)
  }))

const made = <A>(
  option: string,
  source: unknown,
  parse: (input: unknown) => Result.Result<A, InvalidRequest>,
  context: Context.Context<never>
): Credential<A> => {
  const run = (attempt: AttemptContext): unknown => typeof source === "function" ? source(attempt) : source
  return {
    make: (attempt) =>
      Effect.suspend((): Effect.Effect<unknown, CredentialsFailed | InvalidRequest> => {
        const effect = run(attempt)
        return Effect.isEffect(effect)
          ? Effect.mapError(Effect.scoped(provide(effect, context)), (cause) => new CredentialsFailed({ cause }))
          : Effect.fail(new InvalidRequest({ option, problem: "its function must return an Effect" }))
      }).pipe(Effect.flatMap((value) => Effect.fromResult(parse(value)))),
    known: Option.none()
  }
}

// What belongs to the fiber that runs an effect, not to the place where the effect was given.
const ofTheFiber = Context.omit(
  Tracer.ParentSpan,
  Scope.Scope,
  References.CurrentLogAnnotations,
  References.CurrentLogSpans,
  References.CurrentStackFrame,
  References.TracerSpanAnnotations
)

/**
 * Runs a user's effect with the services of the context in which it was given,
 * and with the span, the log annotations and the scope of whoever runs it.
 */
export const provide = <A, E>(
  effect: Effect.Effect<A, E, unknown>,
  context: Context.Context<never>
): Effect.Effect<A, E, Scope.Scope> =>
  Effect.provideContext(effect as Effect.Effect<A, E, Scope.Scope>, ofTheFiber(context))
