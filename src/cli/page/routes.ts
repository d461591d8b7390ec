/**
 * What is served under which path, for requests that the door has let in.
 */
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import type * as HttpServerError from "effect/http/HttpServerError"
import type * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as PrometheusMetrics from "effect/observability/PrometheusMetrics"
import type * as Scope from "effect/Scope"
import type { ConnectionError } from "../../ConnectionError.ts"
import type { CliFailure } from "../failure.ts"
import type { Fleet, UnknownConnection } from "../fleet/Fleet.ts"
import type { Assets } from "./assets.ts"
import { health, readiness, type Verdict } from "./health.ts"
import * as html from "./html.ts"
import { type Live, mostViewers } from "./live.ts"
import { sendMessages, unknownConnection } from "./messages.ts"
import { json, problem } from "./replies.ts"

/** What the routes tell of. */
export interface Sources {
  readonly fleet: Fleet["Service"]
  readonly live: Live
  readonly assets: Assets
  /** Whether the request may know names. */
  readonly isTrusted: (request: HttpServerRequest.HttpServerRequest) => Effect.Effect<boolean>
  /** Whether the page has a session that it can end. */
  readonly hasSessions: boolean
}

type Request = HttpServerRequest.HttpServerRequest
type Response = HttpServerResponse.HttpServerResponse

/** A request's query. */
export const queryOf = (request: Request): URLSearchParams =>
  new URLSearchParams(request.url.includes("?") ? request.url.slice(request.url.indexOf("?")) : "")

/** A request's path. */
export const pathOf = (request: Request): string => request.url.split("?")[0] ?? ""

/** The routes, as one effect that answers the current request. */
export const make = (
  sources: Sources
): Effect.Effect<
  Effect.Effect<Response, HttpServerError.HttpServerError, HttpServerRequest.HttpServerRequest | Scope.Scope>
> =>
  Effect.gen(function*() {
    const router = yield* HttpRouter.make
    yield* router.addAll([...seen(sources), ...probes(sources), ...api(sources)])
    return Effect.catch(
      router.asHttpEffect() as Effect.Effect<
        Response,
        HttpServerError.HttpServerError,
        HttpServerRequest.HttpServerRequest | Scope.Scope
      >,
      (error) =>
        error.reason._tag === "RouteNotFound"
          ? Effect.succeed(problem(404, { error: "notFound", message: "There is nothing of that method and path." }))
          : Effect.fail(error)
    )
  }).pipe(Effect.provideService(HttpRouter.RouterConfig, {
    ignoreDuplicateSlashes: false,
    // A connection without a name is called by its endpoint.
    maxParamLength: 4096
  }))

/** What people and Prometheus see. */
const seen = ({ assets, hasSessions, live }: Sources) => [
  HttpRouter.route("GET", "/", Effect.succeed(HttpServerResponse.text(html.page, { contentType: htmlType }))),
  HttpRouter.route(
    "GET",
    "/assets/:file",
    (request) =>
      Effect.flatMap(HttpRouter.params, ({ file }) =>
        assets(file ?? "", request.headers["if-none-match"]) ??
          Effect.succeed(problem(404, { error: "notFound", message: "There is no such file." })))
  ),
  HttpRouter.route(
    "GET",
    "/metrics",
    Effect.map(
      PrometheusMetrics.format(),
      (text) => HttpServerResponse.text(text, { contentType: "text/plain; version=0.0.4; charset=utf-8" })
    )
  ),
  HttpRouter.route(
    "GET",
    "/api/events",
    Effect.sync(() =>
      live.viewers() >= mostViewers
        ? problem(503, { error: "tooMany", message: `${mostViewers} pages are looking already.` })
        : HttpServerResponse.stream(live.events(hasSessions), {
          contentType: "text/event-stream",
          headers: {
            "cache-control": "no-store, no-transform",
            // The server can end no sooner than this connection does.
            connection: "close",
            // nginx would collect events until they fill a buffer.
            "x-accel-buffering": "no"
          }
        })
    )
  )
]

/** The type of our documents. */
export const htmlType = "text/html; charset=utf-8"

const probes = ({ fleet, isTrusted }: Sources) => {
  const answer = (judge: (facts: Parameters<typeof health>[0], request: Request) => Verdict) => (request: Request) =>
    Effect.gen(function*() {
      const reports = yield* fleet.reports
      const trusted = yield* isTrusted(request)
      const { body, status } = judge({ reports, trusted }, request)
      return json(body, status)
    })
  return [
    HttpRouter.route("GET", "/healthz", answer(health)),
    HttpRouter.route(
      "GET",
      "/readyz",
      answer((facts, request) => readiness(facts, queryOf(request).getAll("connection")))
    )
  ]
}

const api = ({ fleet }: Sources) => {
  const named = (use: (name: string, request: Request) => Effect.Effect<Response>) => (request: Request) =>
    Effect.flatMap(HttpRouter.params, ({ name }) => use(name ?? "", request))
  const command = (run: (name: string) => Effect.Effect<void, CliFailure | ConnectionError | UnknownConnection>) =>
    named((name) =>
      run(name).pipe(
        Effect.andThen(fleet.report(name)),
        Effect.map(json),
        Effect.catch((error) => Effect.succeed(notDone(error)))
      )
    )
  return [
    HttpRouter.route("GET", "/api/connections", Effect.map(fleet.reports, json)),
    HttpRouter.route(
      "GET",
      "/api/connections/:name",
      named((name) => Effect.match(fleet.report(name), { onSuccess: json, onFailure: unknownConnection }))
    ),
    HttpRouter.route("POST", "/api/connections/:name/reconnect", command(fleet.reconnect)),
    HttpRouter.route("POST", "/api/connections/:name/close", command(fleet.close)),
    HttpRouter.route(
      "POST",
      "/connections/:name/messages",
      named((name, request) => sendMessages(fleet, name, request, queryOf(request)))
    )
  ]
}

const notDone = (error: CliFailure | ConnectionError | UnknownConnection): Response =>
  error._tag === "UnknownConnection"
    ? unknownConnection(error)
    : problem(409, {
      error: "notDone",
      message: error.message,
      ...(error._tag === "CliFailure" ? { advice: error.advice } : {})
    })
