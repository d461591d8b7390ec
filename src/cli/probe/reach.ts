/**
 * The step to an open TCP connection: every address is tried, since a client may
 * happen to choose any of them.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as net from "node:net"
import { dialError } from "./dialError.ts"
import { Incoming } from "./Incoming.ts"
import type { Address } from "./resolveName.ts"
import { error, type Finding, millis, type Problem, problem, type Told, warning } from "./Step.ts"

interface Attempt {
  readonly where: string
  readonly family: number
  readonly ms: number
  readonly incoming: Incoming | undefined
  readonly code: string | undefined
}

/** A socket for the life of the scope. */
const dial = (options: net.NetConnectOpts): Effect.Effect<Incoming, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => new Incoming(net.connect(options))),
    ({ socket }) => Effect.sync(() => void socket.destroy())
  )

const attempt = (
  options: net.NetConnectOpts,
  where: string,
  family: number,
  deadline: Duration.Duration
): Effect.Effect<Attempt, never, Scope.Scope> =>
  Effect.gen(function*() {
    const began = yield* Clock.monotonicTimeNanos
    const incoming = yield* dial(options)
    const { socket } = incoming
    socket.setNoDelay(true)
    const connected = Effect.callback<void>((resume) => {
      if (!socket.connecting) return resume(Effect.void)
      socket.once("connect", () => resume(Effect.void))
    })
    const outcome = yield* Effect.raceFirst(
      Effect.as(connected, undefined),
      incoming.when(() => incoming.error)
    ).pipe(Effect.timeoutOption(deadline))
    const ms = millis(Duration.nanos((yield* Clock.monotonicTimeNanos) - began))
    if (outcome._tag === "None") {
      socket.destroy()
      return { where, family, ms, incoming: undefined, code: "ETIMEDOUT" }
    }
    if (outcome.value === undefined) return { where, family, ms, incoming, code: undefined }
    return { where, family, ms, incoming: undefined, code: dialError(outcome.value, "tcp").code }
  })

/** Connects to all addresses at once, and keeps the first in their order that can be had. */
export const reach = (
  addresses: ReadonlyArray<Address>,
  port: number,
  localAddress: string | undefined,
  deadline: Duration.Duration
): Effect.Effect<readonly [Incoming, Told], Problem, Scope.Scope> =>
  Effect.gen(function*() {
    const attempts = yield* Effect.forEach(addresses, ({ address, family }) => {
      const where = family === 6 ? `[${address}]:${port}` : `${address}:${port}`
      return attempt({ host: address, port, localAddress, allowHalfOpen: true }, where, family, within(deadline))
    }, { concurrency: "unbounded" })
    const chosen = attempts.find(({ incoming }) => incoming !== undefined)
    for (const { incoming } of attempts) if (incoming !== chosen?.incoming) incoming?.socket.destroy()
    return yield* told(attempts, chosen)
  })

/** Connects to a Unix socket. */
export const reachPath = (
  path: string,
  deadline: Duration.Duration
): Effect.Effect<readonly [Incoming, Told], Problem, Scope.Scope> =>
  Effect.gen(function*() {
    const one = yield* attempt({ path, allowHalfOpen: true }, path, 0, within(deadline))
    return yield* told([one], one.incoming === undefined ? undefined : one)
  })

/** A little less than the step's own deadline, so that what is known of the others can be told. */
const within = (deadline: Duration.Duration) => Duration.times(deadline, 0.9)

const told = (
  attempts: ReadonlyArray<Attempt>,
  chosen: Attempt | undefined
): Effect.Effect<readonly [Incoming, Told], Problem> => {
  const details = {
    ...(chosen === undefined ? {} : { address: chosen.where }),
    attempts: attempts.map(({ code, ms, where }) => ({
      address: where,
      ok: code === undefined,
      ms,
      ...(code === undefined ? {} : { code })
    }))
  }
  const lines = attempts.length === 1
    ? []
    : attempts.map(({ code, ms, where }) => `${where} ${code ?? `in ${ms.toFixed(1)} ms`}`)
  if (chosen?.incoming === undefined) {
    const code = attempts[0]?.code ?? "UNKNOWN"
    const where = attempts.map((one) => one.where).join(", ")
    return Effect.fail(problem(
      code === "ETIMEDOUT" ? "timeout" : "tcp",
      `${where}: ${code}`,
      error(
        `No TCP connection to ${where}: ${words[code] ?? code}.`,
        adviceByCode[code] ?? "Check the address and the port."
      ),
      { details, lines }
    ))
  }
  return Effect.succeed([chosen.incoming, {
    text: `${chosen.where}`,
    details,
    lines,
    findings: attempts.flatMap(findingOf)
  }])
}

const words: Readonly<Record<string, string>> = {
  ECONNREFUSED: "the port is closed (ECONNREFUSED)",
  ETIMEDOUT: "nobody answers (ETIMEDOUT)",
  ENETUNREACH: "there is no route to the network (ENETUNREACH)",
  EHOSTUNREACH: "there is no route to the host (EHOSTUNREACH)",
  ENOENT: "there is no such socket (ENOENT)",
  EACCES: "it may not be opened by this user (EACCES)"
}

const adviceByCode: Readonly<Record<string, string>> = {
  ECONNREFUSED: "Check the port, and that the server is running and listens on this address.",
  ETIMEDOUT: "A firewall drops the packets, or the host is down: check the address and the port.",
  ENOENT: "Check the path, and that the server is running."
}

// A machine without IPv6, or a network without: nothing of the server's to change.
const ours: ReadonlySet<string> = new Set(["ENETUNREACH", "EADDRNOTAVAIL", "EAFNOSUPPORT", "EHOSTUNREACH"])

const findingOf = ({ code, family, where }: Attempt): ReadonlyArray<Finding> =>
  code === undefined || (family === 6 && ours.has(code))
    ? []
    : [warning(
      `The name also stands for ${where}, where ${words[code] ?? `the connection fails with ${code}`}.`,
      "Clients that try it first lose time, and some never try another: take it out of DNS, or listen there too."
    )]
