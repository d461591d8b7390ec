/**
 * Who is let in: nobody that a deceived browser speaks for; and where there is a
 * token, who knows it.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import type * as Redacted from "effect/Redacted"
import { assetNames } from "./assets.ts"
import { readBody } from "./body.ts"
import { isOwnHost, refuse } from "./guard.ts"
import * as html from "./html.ts"
import { json, problem } from "./replies.ts"
import { htmlType, pathOf, queryOf } from "./routes.ts"
import { cookieName, isBearer, isSession, isToken, openSession, sessionSeconds } from "./session.ts"

type Request = HttpServerRequest.HttpServerRequest
type Response = HttpServerResponse.HttpServerResponse

export interface Door {
  /** Whether the request may know what is behind the door. */
  readonly isTrusted: (request: Request) => Effect.Effect<boolean>
  /** The answer at the door; none where the request is let in. */
  readonly answer: (request: Request) => Effect.Effect<Response | undefined>
}

/** What anybody may ask: orchestrators have no token, and a form needs its looks. */
const isPublic = (path: string): boolean =>
  path === "/healthz" || path === "/readyz" || assetNames.some((name) => path === `/assets/${name}`)

const largestForm = 4096

/** The door of a server that listens at this host and port. */
export const make = (
  { host, port, token }: {
    readonly host: string
    readonly port: number
    readonly token: Redacted.Redacted<string> | undefined
  }
): Door => {
  const cookie = cookieName(port)

  const isTrusted = (request: Request): Effect.Effect<boolean> =>
    token === undefined
      ? Effect.succeed(isOwnHost(request.headers["host"], host))
      : Effect.map(Clock.currentTimeMillis, (now) =>
        isBearer(token, request.headers["authorization"]) || isSession(token, request.cookies[cookie], now))

  const enter = (request: Request, token: Redacted.Redacted<string>, claimed: string): Effect.Effect<Response> =>
    Effect.map(Clock.currentTimeMillis, (now) =>
      isToken(token, claimed)
        ? HttpServerResponse.setCookieUnsafe(toPage, cookie, openSession(token, now), {
          httpOnly: true,
          sameSite: "strict",
          path: "/",
          maxAge: sessionSeconds * 1000,
          secure: request.headers["x-forwarded-proto"] === "https"
        })
        : form("This is not the token."))

  const withToken = (request: Request, path: string, token: Redacted.Redacted<string>) =>
    Effect.gen(function*() {
      if (path === "/login" && request.method === "POST") {
        const body = yield* readBody(request, largestForm)
        return yield* enter(request, token, new URLSearchParams(Buffer.from(body).toString()).get("token") ?? "")
      }
      const claimed = path === "/" ? queryOf(request).get("token") : null
      if (claimed !== null) return yield* enter(request, token, claimed)
      if (path === "/logout" && request.method === "POST") {
        return HttpServerResponse.setCookieUnsafe(toPage, cookie, "", { path: "/", maxAge: 0 })
      }
      if (yield* isTrusted(request)) return undefined
      return path === "/" ? form() : problem(401, {
        error: "unauthorized",
        message: "The token is missing, or is not the one that --http asks for.",
        advice: "Send it as Authorization: Bearer TOKEN."
      }, challenge)
    }).pipe(Effect.catch(Effect.succeed))

  return {
    isTrusted,
    answer: (request) =>
      Effect.suspend((): Effect.Effect<Response | undefined> => {
        const path = pathOf(request)
        if (isPublic(path) && (request.method === "GET" || request.method === "HEAD")) return Effect.succeed(undefined)
        const refusal = refuse({ method: request.method, path, headers: request.headers }, {
          bound: host,
          open: token === undefined
        })
        if (refusal !== undefined) return Effect.succeed(problem(refusal.status, refusal.problem))
        if (path === "/session" && request.method === "GET") {
          return Effect.map(isTrusted(request), (open) => json({ open }))
        }
        if (token !== undefined) return withToken(request, path, token)
        // A bookmark with a token that is not asked for any more.
        return Effect.succeed(path === "/" && queryOf(request).has("token") ? toPage : undefined)
      })
  }
}

const challenge = { "www-authenticate": "Bearer realm=\"holdfast\"" }

/** Where a secret was in the address, another takes its place before anybody sees it. */
const toPage = HttpServerResponse.redirect("./", { status: 303 })

const form = (about?: string): Response =>
  HttpServerResponse.text(html.login(about), { status: 401, contentType: htmlType, headers: challenge })
