/**
 * The `traceparent` of an attempt (W3C Trace Context §3.2).
 */
import { toHeaders } from "effect/http/HttpTraceContext"
import * as Option from "effect/Option"
import type * as Tracer from "effect/Tracer"

const valid = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-0[01]$/

/**
 * The header's value for a span; none for spans whose ids no other system could
 * read, such as those of a disabled tracer.
 */
export const traceparent = (span: Tracer.Span): Option.Option<string> =>
  Option.filter(Option.fromUndefinedOr(toHeaders(span)["traceparent"]), (value) => valid.test(value))
