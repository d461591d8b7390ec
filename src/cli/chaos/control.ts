/**
 * Choosing faults over HTTP while the server runs, on the port of the server
 * itself.
 */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { createServer } from "node:http"
import type { Socket } from "node:net"
import { formatIssue } from "../../internal/schemaIssue.ts"
import { descriptions, Fault, isName, isSessionFault, noSuchFault } from "./Fault.ts"
import type { MisbehavingServer } from "./misbehavingServer.ts"

const strict = { onExcessProperty: "error", errors: "all" } as const
const Faults = Schema.Union([Schema.Array(Fault), Fault])
const encodeFaults = Schema.encodeEffect(Schema.Array(Fault))
const decodeFault = Schema.decodeUnknownEffect(Fault, strict)
const decodeFaults = Schema.decodeUnknownEffect(Faults, strict)
const decodeMessages = Schema.decodeUnknownEffect(Schema.Array(Schema.String), strict)

/** Takes connections whose requests are for no WebSocket; `bytes` were read from them already. */
export const make = (
  server: MisbehavingServer
): Effect.Effect<(socket: Socket, bytes: Buffer) => void, never, Scope.Scope> =>
  Effect.gen(function*() {
    const scope = yield* Effect.scope
    const app = yield* HttpRouter.toHttpEffect(HttpRouter.addAll(routes(server)))
    const handler = yield* NodeHttpServer.makeHandler(
      Effect.catchCause(app, () => Effect.succeed(text(404, help(server.url)))),
      { scope }
    )
    const http = yield* Effect.acquireRelease(
      Effect.sync(() => createServer(handler)),
      (http) => Effect.sync(() => http.closeAllConnections())
    )
    return (socket, bytes) => {
      http.emit("connection", socket)
      // Behind the parser's back, which reads from the handle.
      socket.unshift(bytes)
    }
  })

const routes = (server: MisbehavingServer) => {
  const route = <E>(
    method: "GET" | "PUT" | "POST" | "DELETE",
    path: `/${string}`,
    answer: (body: unknown) => Effect.Effect<unknown, E>
  ) =>
    HttpRouter.route(
      method,
      path,
      Effect.gen(function*() {
        const request = yield* HttpServerRequest.HttpServerRequest
        const said = method === "PUT" || method === "POST" ? yield* request.text : ""
        const body = said.trim() === ""
          ? undefined
          : yield* Effect.try({ try: () => JSON.parse(said), catch: () => "" })
        const result = yield* answer(body)
        return typeof result === "string" ? text(200, result) : json(200, result)
      }).pipe(
        Effect.catch((error) => Effect.succeed(json(400, { error: sentence(error) })))
      )
    )
  const faults = Effect.flatMap(server.faults, encodeFaults)
  const listOf = (body: unknown): Effect.Effect<ReadonlyArray<Fault>, string | Schema.SchemaError> => {
    const unknown = unknownName(body)
    if (unknown !== undefined) return Effect.fail(noSuchFault(unknown))
    return Effect.map(decodeFaults(body), (faults) => "fault" in faults ? [faults] : faults)
  }

  return [
    route("GET", "/", () => Effect.succeed(help(server.url))),
    route("GET", "/faults", () => faults),
    route(
      "PUT",
      "/faults",
      (body) => Effect.andThen(Effect.flatMap(listOf(body), server.replaceFaults), faults)
    ),
    route(
      "POST",
      "/faults",
      (body) => Effect.andThen(Effect.flatMap(listOf(body), server.misbehave), faults)
    ),
    route("DELETE", "/faults", () => Effect.andThen(server.replaceFaults([]), faults)),
    route("GET", "/sessions", () => server.reports),
    route(
      "POST",
      "/send",
      (body) => Effect.map(Effect.flatMap(decodeMessages(body), server.send), (sessions) => ({ sessions }))
    ),
    ...(Object.keys(descriptions) as Array<Fault["fault"]>).map((name) =>
      route("POST", `/${name}`, (body) => {
        const given = typeof body === "object" && body !== null ? { ...body } : {}
        const { session, ...fields } = given as { readonly session?: unknown }
        return Effect.flatMap(decodeFault({ ...fields, fault: name }), (fault): Effect.Effect<unknown, string> => {
          if (fault.fault === "refuse-tcp") {
            return Effect.as(server.refuseTcp(fault.for ?? Duration.seconds(5)), { closed: true })
          }
          if (!isSessionFault(fault)) {
            return Effect.fail(`"${name}" is about the answer to a dial: PUT or POST it to /faults.`)
          }
          const id = typeof session === "number" ? session : undefined
          return Effect.map(server.befall(fault, id), (sessions) => ({ sessions }))
        })
      })
    )
  ]
}

/** The first name of a fault that there is not: a schema would tell all those that there are, each with its members. */
const unknownName = (body: unknown): string | undefined =>
  [body].flat().flatMap((fault: unknown) =>
    typeof fault === "object" && fault !== null && "fault" in fault && typeof fault.fault === "string"
      ? [fault.fault]
      : []
  ).find((name) => !isName(name))

const sentence = (error: unknown): string =>
  typeof error === "string" && error !== ""
    ? error
    : Schema.isSchemaError(error)
    ? formatIssue(error.issue).replace(/\s+/g, " ")
    : "The body must be JSON."

const text = (status: number, body: string) => HttpServerResponse.text(body, { status })

const json = (status: number, body: unknown) =>
  HttpServerResponse.text(`${JSON.stringify(body)}\n`, { status, contentType: "application/json" })

const help = (url: string): string =>
  `A WebSocket server that misbehaves: ${url}

GET    /faults     what befalls the next dials
PUT    /faults     puts this in its place: a fault, or an array of them
POST   /faults     adds to it
DELETE /faults     nothing is wrong any more
GET    /sessions   what is open, and how many messages went through
POST   /send       ["text", …] to every open session
POST   /NAME       a fault befalls every open session now; {"session": 3, …} only that one

A fault is {"fault": NAME, …}, and on any dial may have "times" and "probability". In a session it happens at once,
or "after" a time ("5s"), or after so many "messages". Each NAME, and what else it takes:

${Object.entries(descriptions).map(([name, text]) => `  ${name.padEnd(18)} ${text}`).join("\n")}
`
