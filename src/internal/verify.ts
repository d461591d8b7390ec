/**
 * Is the server's answer to an opening handshake legal? RFC 6455 §4.1, "once the
 * client's opening handshake has been sent", as a pure function.
 */
import * as Option from "effect/Option"
import type { Check, CheckResult, Verdict, VerifyInput } from "../Handshake.ts"
import * as extensions from "./extensions.ts"
import { HandshakeInvalid } from "./reasons.ts"
import { joinHeaders, redacted } from "./redact.ts"
import { rejected } from "./rejected.ts"
import { shorten } from "./text.ts"

/**
 * Makes a verifier. With `requireSubprotocol: false` a server may name no
 * subprotocol although some were offered, as the RFC allows and browsers do not.
 */
export const verifyWith = (options: { readonly requireSubprotocol: boolean }) => (input: VerifyInput): Verdict => {
  const headers = joinHeaders(input.headers)
  const { request } = input
  const upgrade = headers["upgrade"]?.trim()
  const connection = headers["connection"]
  const accept = headers["sec-websocket-accept"]?.trim()
  const agreed = headers["sec-websocket-extensions"]
  const subprotocol = headers["sec-websocket-protocol"]?.trim()
  const checks: ReadonlyArray<CheckResult> = [
    result("status", input.status === 101, "101", String(input.status)),
    result("upgrade", upgrade?.toLowerCase() === "websocket", "websocket", upgrade),
    result("connection", listHas(connection, "upgrade"), "a list with \"upgrade\"", connection),
    // A header that came twice is "a, b" here, and so never equal.
    result("accept", accept === input.expectedAccept, input.expectedAccept, accept),
    result(
      "extensions",
      agreed === undefined || extensions.isLegalAnswer(request.extensions, agreed),
      request.extensions.length === 0 ? nothing : `nothing beyond the offer: ${request.extensions.join(", ")}`,
      agreed
    ),
    result(
      "subprotocol",
      subprotocol === undefined
        ? request.subprotocols.length === 0 || !options.requireSubprotocol
        : request.subprotocols.includes(subprotocol),
      expectedSubprotocol(request, options.requireSubprotocol),
      subprotocol === undefined ? undefined : shown(subprotocol, request)
    )
  ]
  return { checks, failure: Option.map(Option.fromUndefinedOr(checks.find((check) => !check.ok)), reason(input)) }
}

const nothing = "nothing"

const result = (check: Check, ok: boolean, expected: string, actual: string | undefined): CheckResult => ({
  check,
  ok,
  expected: shorten(expected, 200),
  actual: shorten(actual ?? nothing, 200)
})

const reason = (input: VerifyInput) => ({ actual, check, expected }: CheckResult) =>
  check === "status"
    ? rejected({ status: input.status, headers: input.headers })
    : new HandshakeInvalid({ check, expected, actual })

const listHas = (header: string | undefined, token: string): boolean =>
  header !== undefined && header.split(",").some((element) => element.trim().toLowerCase() === token)

// Some services take a bearer token as a subprotocol, so that a long one is never shown whole.
const shown = (name: string, { secretSubprotocols = [] }: VerifyInput["request"]): string =>
  secretSubprotocols.some((secret) => name.includes(secret)) ? redacted : shorten(name, 32)

const expectedSubprotocol = (request: VerifyInput["request"], required: boolean): string => {
  const offered = request.subprotocols
  if (offered.length === 0) return nothing
  const names = offered.map((name) => shown(name, request)).join(", ")
  return `${offered.length === 1 ? names : `one of ${names}`}${required ? "" : ", or nothing"}`
}
