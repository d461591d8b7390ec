/**
 * `holdfast probe`: a doctor for handshakes and links.
 */
import type { Environment } from "effect/cli/Prompt"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { ConnectionFlags } from "../connectionFlags.ts"
import { connectionOptions } from "../connectionOptions.ts"
import { exitCodes, type ExitName } from "../exitCodes.ts"
import { type CliFailure, failure } from "../failure.ts"
import { Output } from "../output.ts"
import { idle, longestRun } from "./idle.ts"
import { close, listen, pings } from "./link.ts"
import { open } from "./open.ts"
import { paragraph, record, row } from "./render.ts"
import { type Finding, type Step, step, stepNames, type Stopped, type Tell } from "./Step.ts"
import { type Target, target } from "./target.ts"

/** What the flags say. */
export interface ProbeInput extends ConnectionFlags {
  readonly url: string
  readonly pings: number
  readonly listenFor: Duration.Duration
  readonly answerTimeout: Duration.Duration
  readonly idle: Option.Option<Duration.Duration>
  readonly idleLinks: number
}

/** Succeeds where the link is healthy, warnings allowed; else fails with the exit of the first thing that is wrong. */
export const probe = (input: ProbeInput): Effect.Effect<void, CliFailure, Output | Environment> =>
  Effect.gen(function*() {
    if (input.pings < 0 || input.idleLinks < 1) {
      return yield* failure(
        "usage",
        input.pings < 0 ? "--pings must not be negative." : "--idle-links must be at least 1."
      )
    }
    const output = yield* Output
    const to = yield* target(yield* connectionOptions(input.url, input))
    const told: Array<Step> = []
    const tell: Tell = (step) =>
      Effect.suspend(() => {
        told.push(step)
        return output.data(row(step, output.paint), record(step))
      })
    if (!output.json) yield* output.write(`${output.paint("bold", `Probing ${to.request.endpoint}`, "stdout")}\n\n`)
    const stopped = yield* Effect.scoped(examine(input, to, tell)).pipe(
      Effect.as(undefined),
      Effect.catchTag("Stopped", Effect.succeed)
    )
    yield* Effect.forEach(untold(told, stopped, input), tell, { discard: true })
    yield* conclude(to, told, stopped?.exit)
  })

const examine = (input: ProbeInput, to: Target, tell: Tell) =>
  Effect.gen(function*() {
    const output = yield* Output
    const wire = yield* open(to, tell)
    const patience = input.answerTimeout
    const within = (deadline: Duration.Duration) => ({ tell, deadline: Duration.sum(deadline, Duration.seconds(1)) })
    yield* step(within(input.listenFor), "frames", listen(wire, input.listenFor))
    // Where pings are not answered, a Close frame may be nevertheless.
    const ping = yield* Effect.result(
      input.pings === 0
        ? tell({ step: "ping", verdict: "skipped", text: "--pings 0" })
        : step(within(Duration.times(patience, input.pings)), "ping", pings(wire, input.pings, patience))
    )
    if (ping._tag === "Failure" && wire.over) return yield* Effect.fail(ping.failure)
    const closing = yield* Effect.result(step(within(Duration.times(patience, 2)), "close", close(wire, patience)))
    if (Option.isSome(input.idle)) {
      const longest = input.idle.value
      yield* step(
        within(longestRun(longest, patience)),
        "idle",
        idle({
          target: to,
          longest,
          links: input.idleLinks,
          patience,
          progress: (message) => output.note("info", "progress", message)
        })
      )
    }
    if (ping._tag === "Failure") return yield* Effect.fail(ping.failure)
    if (closing._tag === "Failure") return yield* Effect.fail(closing.failure)
  })

/** The steps that could not be made, and why. */
const untold = (told: ReadonlyArray<Step>, stopped: Stopped | undefined, input: ProbeInput): ReadonlyArray<Step> => {
  if (stopped === undefined) return []
  const usual = stepNames.filter((name) =>
    name !== "proxy" && (name !== "tls" || /^(?:wss|https):/i.test(input.url)) &&
    (name !== "idle" || Option.isSome(input.idle))
  )
  return usual.filter((name) => stepNames.indexOf(name) > stepNames.indexOf(stopped.step))
    .filter((name) => !told.some(({ step }) => step === name))
    .map((step) => ({ step, verdict: "skipped", text: `since "${stopped.step}" failed` }))
}

/** Says in words what is wrong, and fails where something is. */
const conclude = (to: Target, told: ReadonlyArray<Step>, stoppedWith: ExitName | undefined) =>
  Effect.gen(function*() {
    const output = yield* Output
    const findings = told.flatMap((step) => step.findings ?? [])
    const errors = findings.filter(({ level }) => level === "error")
    const exit: ExitName = stoppedWith ?? (errors.length > 0 ? "unexpected" : "ok")
    const healthy = exit === "ok"
    const closing = healthy
      ? findings.length === 0 ? "Everything is as it should be." : "It works. What may be better:"
      : "What is wrong, and what to change:"
    const text = [
      `\n${output.paint("bold", closing, "stdout")}`,
      ...sorted(findings).map((one) => `\n${paragraph(one, output.paint)}`)
    ]
    const heartbeat = told.find(({ step }) => step === "idle")?.details?.["heartbeat"]
    yield* output.data(text.join("\n"), {
      event: "summary",
      endpoint: to.request.endpoint,
      healthy,
      exit,
      exitCode: exitCodes[exit],
      findings,
      ...(heartbeat === undefined ? {} : { heartbeat })
    })
    if (!healthy) return yield* failure(exit, errors[0]?.message ?? `${to.request.endpoint} is not healthy.`)
  })

const sorted = (findings: ReadonlyArray<Finding>): ReadonlyArray<Finding> => [
  ...findings.filter(({ level }) => level === "error"),
  ...findings.filter(({ level }) => level === "warning")
]
