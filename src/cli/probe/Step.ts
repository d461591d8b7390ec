/**
 * What is told of one step of a probe: a row for people, a record for programs.
 */
import * as Clock from "effect/Clock"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { ExitName } from "../exitCodes.ts"
import type { CliFailure } from "../failure.ts"

/** The steps, in the order in which they are made. */
export const stepNames = [
  "dns",
  "tcp",
  "proxy",
  "tls",
  "request",
  "answer",
  "checks",
  "negotiated",
  "frames",
  "ping",
  "close",
  "idle"
] as const

export type StepName = (typeof stepNames)[number]

export type Verdict = "ok" | "warning" | "failed" | "skipped"

/** Something that is wrong or soon will be, in words, and what to change. */
export interface Finding {
  readonly level: "warning" | "error"
  readonly message: string
  readonly advice?: string | undefined
}

export const warning = (message: string, advice?: string): Finding => ({ level: "warning", message, advice })
export const error = (message: string, advice?: string): Finding => ({ level: "error", message, advice })

/** What a step has to say. */
export interface Told {
  /** One line. */
  readonly text: string
  /** Further lines, for people. */
  readonly lines?: ReadonlyArray<string> | undefined
  /** The same for programs. */
  readonly details?: Readonly<Record<string, unknown>> | undefined
  readonly findings?: ReadonlyArray<Finding> | undefined
}

export interface Step extends Told {
  readonly step: StepName
  readonly verdict: Verdict
  /** How long it took. */
  readonly ms?: number | undefined
}

/** A step failed: there is something to tell of it, and no next one. */
export class Problem extends Data.TaggedError("Problem")<{ readonly exit: ExitName; readonly told: Told }> {}

/** The probe cannot go on; it was told why. */
export class Stopped extends Data.TaggedError("Stopped")<{ readonly step: StepName; readonly exit: ExitName }> {}

/** Where steps are told. */
export type Tell = (step: Step) => Effect.Effect<void, CliFailure>

export const tellNobody: Tell = () => Effect.void

/** The problem of a step, with one finding. */
export const problem = (
  exit: ExitName,
  text: string,
  finding: Finding,
  more?: Pick<Told, "lines" | "details">
): Problem => new Problem({ exit, told: { text, findings: [finding], ...more } })

const verdictOf = ({ findings = [] }: Told): Verdict =>
  findings.some(({ level }) => level === "error") ? "failed" : findings.length > 0 ? "warning" : "ok"

/** Milliseconds, to the microsecond. */
export const millis = (duration: Duration.Duration): number => Math.round(Duration.toMillis(duration) * 1000) / 1000

/** Runs a step, which is told when it is over; within the deadline, whatever happens. */
export const step = <A, R>(
  { deadline, tell }: { readonly deadline: Duration.Duration; readonly tell: Tell },
  name: StepName,
  effect: Effect.Effect<readonly [A, Told], Problem, R>
): Effect.Effect<A, Stopped | CliFailure, R> =>
  Effect.gen(function*() {
    const began = yield* Clock.monotonicTimeNanos
    const elapsed = Effect.map(Clock.monotonicTimeNanos, (now) => millis(Duration.nanos(now - began)))
    const outcome = yield* Effect.result(Effect.timeoutOrElse(effect, {
      duration: deadline,
      orElse: () => {
        const text = `not over within ${Duration.format(deadline)}`
        return Effect.fail(problem("timeout", text, error(`The step "${name}" was ${text}.`, lateAdvice[name])))
      }
    }))
    const ms = yield* elapsed
    if (outcome._tag === "Failure") {
      const { exit, told } = outcome.failure
      yield* tell({ step: name, verdict: "failed", ms, ...told })
      return yield* new Stopped({ step: name, exit })
    }
    const [value, told] = outcome.success
    yield* tell({ step: name, verdict: verdictOf(told), ms, ...told })
    return value
  })

const lateAdvice: { readonly [Name in StepName]?: string } = {
  dns: "The name server does not answer; try another one, or give an address in the url.",
  tcp: "A firewall drops the packets, or the host is down: check the address and the port.",
  proxy: "The proxy takes the connection and says nothing: check that it is an HTTP proxy.",
  tls: "The port takes connections and does not speak TLS: check the port; ws:// is for ports without TLS.",
  answer:
    "The server, or a proxy before it, took the request and does not answer: check that what is behind the proxy runs. --handshake-timeout gives it more time."
}
