/**
 * The HTTP server of a process that keeps connections: metrics, probes, the page
 * and what it needs, and a way to send.
 */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as Effect from "effect/Effect"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import * as Address from "../address.ts"
import { type CliFailure, failure } from "../failure.ts"
import { Fleet } from "../fleet/Fleet.ts"
import * as shutdown from "../shutdown.ts"
import * as Assets from "./assets.ts"
import * as Door from "./door.ts"
import { isLoopback } from "./guard.ts"
import * as Live from "./live.ts"
import { secured } from "./replies.ts"
import * as Routes from "./routes.ts"

/** Where to listen, and whom to let in. */
export interface ServeOptions {
  readonly host: string
  /** 0 for any that is free. */
  readonly port: number
  /** Asked for in each request but those of probes; required where others than this machine can come. */
  readonly token: Redacted.Redacted<string> | undefined
}

/** Whoever can send requests can guess; this takes longer than anybody has. */
const shortestToken = 16

/** Serves for the life of the scope. `address` is the url of the page. */
export const serve = (
  options: ServeOptions
): Effect.Effect<{ readonly address: string }, CliFailure, Fleet | Scope.Scope> =>
  Effect.gen(function*() {
    yield* checkToken(options)
    const { host } = options
    const fleet = yield* Fleet
    const live = yield* Live.make(fleet)

    const node = createServer({ headersTimeout: 10_000, requestTimeout: 60_000 })
    node.maxConnections = 512
    const server = yield* NodeHttpServer.make(() => node, {
      host,
      port: options.port,
      gracefulShutdownTimeout: shutdown.ofPage
    }).pipe(Effect.mapError(({ cause }) => cannotListen(options, cause as NodeJS.ErrnoException)))
    // A connection that could not be taken is no reason to end.
    node.on("error", () => undefined)
    const { address, port } = node.address() as AddressInfo
    // A name such as localhost may have been given another meaning.
    if (options.token === undefined && !isLoopback(address)) return yield* Effect.fail(needsToken(options))

    // Whoever still has a connection open when the others have ended is not waited for.
    yield* Effect.addFinalizer(() => Effect.sync(() => node.closeAllConnections()))
    const door = Door.make({ host, port, token: options.token })
    const routes = yield* Routes.make({
      fleet,
      live,
      assets: yield* Assets.make,
      isTrusted: door.isTrusted,
      hasSessions: options.token !== undefined
    })
    yield* server.serve(Effect.gen(function*() {
      const answer = yield* door.answer(yield* HttpServerRequest.HttpServerRequest)
      return secured(answer ?? (yield* routes))
    }))
    yield* Effect.addFinalizer(() => live.end)
    return { address: `${Address.url("http", { host, port })}/` }
  })

const checkToken = (options: ServeOptions): Effect.Effect<void, CliFailure> => {
  if (options.token === undefined) return isLoopback(options.host) ? Effect.void : Effect.fail(needsToken(options))
  return Redacted.value(options.token).length >= shortestToken ? Effect.void : Effect.fail(failure(
    "usage",
    `The token for HTTP is shorter than ${shortestToken} characters.`,
    "Make one with: openssl rand -hex 32"
  ))
}

const needsToken = ({ host, port }: ServeOptions): CliFailure =>
  failure(
    "usage",
    `Others than this machine can reach ${host}:${port}, and no token is set.`,
    "Set a token of 16 characters or more (openssl rand -hex 32 makes one), or listen at 127.0.0.1."
  )

const cannotListen = ({ host, port }: ServeOptions, cause: NodeJS.ErrnoException): CliFailure => {
  const where = `${host}:${port}`
  switch (cause.code) {
    case "EADDRINUSE":
      return failure(
        "failure",
        `The HTTP address ${where} is in use.`,
        "End what listens there (ss -ltnp tells), or choose another port; 0 takes one that is free."
      )
    case "EACCES":
      return failure("failure", `The port ${port} needs more rights.`, "Choose one above 1023.")
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return failure(
        "usage",
        `${host} is no address of this machine.`,
        "Listen at 127.0.0.1, or at 0.0.0.0 with a token."
      )
    default:
      return failure("failure", `HTTP cannot be served at ${where}: ${cause.message}`)
  }
}
