/**
 * A server's refusal, as the reason that people see.
 */
import type * as Headers from "effect/http/Headers"
import { HandshakeRejected } from "./reasons.ts"
import { joinHeaders, redactHeaders } from "./redact.ts"
import { retryAfter } from "./retryAfter.ts"
import { firstBytes } from "./text.ts"

/** How much of a refusal's body is kept, in bytes. */
export const bodyLimit = 1024

/**
 * The reason for an answer other than 101: secrets redacted, `Retry-After`
 * understood, the body cut to its first KiB on a code point.
 *
 * `now` is the time of the answer in epoch milliseconds; it is needed only for a
 * `Retry-After` that is a date, in an answer without `Date`.
 */
export const rejected = (answer: {
  readonly status: number
  readonly headers: Headers.Input
  readonly body?: string | Uint8Array | undefined
  readonly now?: number | undefined
}): HandshakeRejected =>
  new HandshakeRejected({
    status: answer.status,
    headers: redactHeaders(answer.headers),
    body: firstBytes(answer.body ?? "", bodyLimit),
    retryAfter: retryAfter(joinHeaders(answer.headers), answer.now)
  })
