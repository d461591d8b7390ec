/**
 * What every answer of the server has: headers that keep a browser from being
 * used against us, and errors as JSON with a sentence for people.
 */
import * as HttpServerResponse from "effect/http/HttpServerResponse"

/** Why a request was not done: a word for programs, a sentence for people. */
export interface Problem {
  readonly error: string
  readonly message: string
  /** What to do about it. */
  readonly advice?: string | undefined
  readonly [member: string]: unknown
}

/** An error as JSON. */
export const problem = (
  status: number,
  body: Problem,
  headers?: Readonly<Record<string, string>>
): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.jsonUnsafe(body, { status, ...(headers === undefined ? {} : { headers }) })

/** A value as JSON. */
export const json = (body: unknown, status = 200): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.jsonUnsafe(body, { status })

/** Nothing but our own files, no inline script or style, and never in somebody's frame. */
export const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'"
].join("; ")

const secure: Readonly<Record<string, string>> = {
  "content-security-policy": contentSecurityPolicy,
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "cross-origin-resource-policy": "same-origin",
  // Not `no-referrer`: a browser would then say `Origin: null` for the login form.
  "referrer-policy": "same-origin"
}

/** The answer with the headers that all have. What says nothing else is not kept by caches. */
export const secured = (
  response: HttpServerResponse.HttpServerResponse
): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.setHeaders(response, {
    ...secure,
    "cache-control": response.headers["cache-control"] ?? "no-store"
  })
