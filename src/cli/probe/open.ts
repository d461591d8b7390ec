/**
 * From a url to an open WebSocket, step by step, along the redirects that may be
 * followed.
 */
import * as Clock from "effect/Clock"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import type { ConnectionOptions } from "node:tls"
import { ConnectionError } from "../../ConnectionError.ts"
import { redirect, type Target as Hop } from "../../node/internal/redirect.ts"
import { optionFailure } from "../connectionOptions.ts"
import type { CliFailure } from "../failure.ts"
import type { Incoming } from "./Incoming.ts"
import { reach, reachPath } from "./reach.ts"
import { plainHost, resolveName } from "./resolveName.ts"
import { secure } from "./secure.ts"
import { step, type Stopped, type Tell } from "./Step.ts"
import { firstHop, type Target } from "./target.ts"
import { tunnel } from "./tunnel.ts"
import { ask, hear, judge } from "./upgrade.ts"
import { Wire } from "./Wire.ts"

type Open<A> = Effect.Effect<A, Stopped | CliFailure, Scope.Scope>

/** Makes all steps up to the first frame. */
export const open = (target: Target, tell: Tell): Open<Wire> =>
  hop(target, firstHop(target.request), target.config.redirects, tell)

const hop = (target: Target, to: Hop, redirectsLeft: number, tell: Tell): Open<Wire> =>
  Effect.gen(function*() {
    const context = { deadline: target.deadline, tell }
    const url = new URL(to.url)
    const isSecure = url.protocol === "wss:"
    const plain = yield* connect(target, url, context)
    const incoming = isSecure ? yield* step(context, "tls", secure(plain, plainHost(url), target.config.tls)) : plain
    const asked = yield* step(context, "request", ask(incoming, to, target))
    const answer = yield* step(context, "answer", hear(incoming, isSecure))
    const elsewhere = redirectsLeft > 0
      ? redirect(to, answer.head.status, answer.headers["location"], target.request.secretSubprotocols)
      : undefined
    if (elsewhere !== undefined) return yield* hop(target, elsewhere, redirectsLeft - 1, tell)
    const subprotocol = yield* step(context, "checks", judge(answer, asked, to, target))
    const extensions = answer.headers["sec-websocket-extensions"]
    const clock = yield* Clock.clockWith(Effect.succeed)
    const wire = new Wire(incoming, clock, extensions?.includes("permessage-deflate") === true)
    yield* tell({
      step: "negotiated",
      verdict: "ok",
      text: `subprotocol ${subprotocol ?? "none"}, extensions ${extensions ?? "none"}`,
      details: { subprotocol: subprotocol ?? null, extensions: extensions ?? null }
    })
    return wire
  })

/** A TCP connection to the server, through the proxy where there is one. */
const connect = (
  { config, deadline }: Target,
  url: URL,
  context: { readonly deadline: Duration.Duration; readonly tell: Tell }
): Open<Incoming> =>
  Effect.gen(function*() {
    if (url.protocol === "ws+unix:") {
      const path = decodeURIComponent(url.pathname.split(":")[0] ?? "")
      yield* context.tell({ step: "dns", verdict: "skipped", text: "a Unix socket has no name to resolve" })
      return yield* step(context, "tcp", reachPath(path, deadline))
    }
    const found = config.proxyFor?.(url)
    if (found !== undefined && Result.isFailure(found)) {
      return yield* Effect.fail(optionFailure(new ConnectionError({ reason: found.failure })))
    }
    const proxy = found?.success
    const to = proxy ?? url
    const { family, localAddress } = config.ws
    const addresses = yield* step(context, "dns", resolveName(plainHost(to), family))
    const incoming = yield* step(context, "tcp", reach(addresses, portOf(to), localAddress, deadline))
    if (proxy === undefined) return incoming
    const toProxy = proxy.protocol === "https:"
      ? yield* step(context, "tls", secure(incoming, plainHost(proxy), config.proxySocket as ConnectionOptions))
      : incoming
    return yield* step(context, "proxy", tunnel(toProxy, proxy, `${url.hostname}:${portOf(url)}`))
  })

const portOf = (url: URL): number =>
  url.port !== "" ? Number(url.port) : url.protocol === "wss:" || url.protocol === "https:" ? 443 : 80
