/**
 * The step that finds out how long silence is survived, by links that are left
 * alone at the same time, and whether pings keep a link alive.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { printDuration } from "../durationText.ts"
import { CliFailure } from "../failure.ts"
import { duration } from "../inWords.ts"
import { boundsOf, firstSilences, heartbeatFor, isSettled, nextSilences, type Outcome } from "./idlePlan.ts"
import { open } from "./open.ts"
import { error, type Finding, type Problem, problem, tellNobody, type Told, warning } from "./Step.ts"
import type { Target } from "./target.ts"
import type { Wire } from "./Wire.ts"

export interface IdleOptions {
  readonly target: Target
  readonly longest: Duration.Duration
  /** At the same time. */
  readonly links: number
  /** For an answer to a ping. */
  readonly patience: Duration.Duration
  /** Told what is being waited for. */
  readonly progress: (message: string) => Effect.Effect<void>
}

/** The heartbeat to use, and why. */
export const idle = (options: IdleOptions): Effect.Effect<readonly [Duration.Duration, Told], Problem> =>
  Effect.gen(function*() {
    const longest = Duration.toMillis(options.longest)
    const outcomes: Array<Outcome> = []
    let chatter: Chatter = { messages: 0, pings: 0 }
    let silences = firstSilences(longest, options.links)
    for (let round = 0; round < mostRounds && silences.length > 0; round++) {
      yield* options.progress(`${silences.length} links stay silent for up to ${duration(Math.max(...silences))} …`)
      const found = yield* Effect.forEach(silences, (silence) => beSilent(options, silence), {
        concurrency: "unbounded"
      })
      outcomes.push(...found.map(({ outcome }) => outcome))
      chatter = found.map((one) => one.chatter).reduce(louder, chatter)
      const bounds = boundsOf(outcomes)
      silences = isSettled(bounds) ? [] : nextSilences(bounds, options.links)
    }
    const bounds = boundsOf(outcomes)
    const heartbeat = heartbeatFor(bounds)
    const { fatal } = bounds
    const details = {
      outcomes: outcomes.map(({ fate, silence }) => ({ silence, ...fate })),
      survived: bounds.survived,
      fatal: fatal ?? null,
      heartbeat,
      serverSent: chatter
    }
    const lines = outcomes.toSorted((a, b) => a.silence - b.silence).map(describe)
    if (chatter.messages + chatter.pings > 0) {
      lines.push(`meanwhile the server sent up to ${chatter.messages} messages and ${chatter.pings} pings on one link`)
    }
    if (fatal === undefined) {
      return [Duration.millis(heartbeat), {
        text: heartbeat < longest
          ? `silence of ${duration(longest)} is survived; a heartbeat of ${duration(heartbeat)} will do`
          : `silence of ${duration(longest)} is survived; give --idle more time to learn more`,
        lines,
        details
      }] as const
    }
    yield* options.progress(`one link pings every ${duration(heartbeat)}, for ${duration(2.5 * fatal)} …`)
    const pinged = yield* bePinged(options, heartbeat, 2.5 * fatal)
    const told = {
      text: `silence is survived for about ${about(fatal)}; with a ping every ${duration(heartbeat)} the link ${
        pinged === undefined ? "lives" : `was cut as well, after ${duration(pinged)}`
      }`,
      lines,
      details: { ...details, pingsKeepAlive: pinged === undefined }
    }
    return [Duration.millis(heartbeat), { ...told, findings: [verdictOn(outcomes, fatal, heartbeat, pinged)] }] as const
  })

const mostRounds = 4

interface Chatter {
  readonly messages: number
  readonly pings: number
}

const louder = (a: Chatter, b: Chatter): Chatter => ({
  messages: Math.max(a.messages, b.messages),
  pings: Math.max(a.pings, b.pings)
})

const openQuietly = ({ target }: IdleOptions) =>
  open(target, tellNobody).pipe(
    Effect.mapError((failed) =>
      problem(
        failed instanceof CliFailure ? failed.exit : failed.exit,
        "further links could not be opened",
        error(
          "The first link opened, and further ones did not: the server may allow only one, or so many a minute.",
          "Try again with --idle-links 1."
        )
      )
    )
  )

/** Opens a link, says nothing for so long, and asks whether it still lives. Pings of the server's are answered. */
const beSilent = (options: IdleOptions, silence: number) =>
  Effect.scoped(Effect.gen(function*() {
    const wire = yield* openQuietly(options)
    const cut = yield* Effect.timeoutOption(wire.when(() => wire.over ? true : undefined), Duration.millis(silence))
    const { messages, pings } = wire.counts
    const chatter = { messages, pings }
    if (cut._tag === "Some") return { chatter, outcome: { silence, fate: cutOf(wire) } satisfies Outcome }
    const rtt = yield* Effect.timeoutOption(wire.ping("holdfast"), options.patience)
    const fate: Outcome["fate"] = rtt._tag === "Some" && rtt.value !== undefined
      ? { _tag: "Survived" }
      // A reset may be the answer to the ping: the link was dead by then.
      : { _tag: "Dead" }
    return { chatter, outcome: { silence, fate } satisfies Outcome }
  }))

const cutOf = ({ closeFrame, end }: Wire): Outcome["fate"] =>
  closeFrame === undefined
    ? { _tag: "Cut", after: end?.at ?? 0, how: end?.how ?? "end" }
    : { _tag: "Cut", after: closeFrame.at, how: "close", code: closeFrame.code }

/** Pings this often for so long; tells when the link ended, if it did. */
const bePinged = (options: IdleOptions, every: number, during: number) =>
  Effect.scoped(Effect.gen(function*() {
    const wire = yield* openQuietly(options)
    while (wire.now() < during) {
      yield* Effect.timeoutOption(wire.when(() => wire.over ? true : undefined), Duration.millis(every))
      if (wire.over) return wire.now()
      const rtt = yield* Effect.timeoutOption(wire.ping(`holdfast ${wire.now()}`), options.patience)
      if (rtt._tag === "None" || rtt.value === undefined) return wire.now()
    }
    return undefined
  }))

const verdictOn = (
  outcomes: ReadonlyArray<Outcome>,
  fatal: number,
  heartbeat: number,
  pinged: number | undefined
): Finding => {
  const fates = outcomes.map(({ fate }) => fate)
  const cut = fates.find((fate) => fate._tag === "Cut")
  const who = cut === undefined
    ? "without a word: a NAT or a firewall forgets them"
    : cut.how === "close"
    ? `by the server itself, with ${cut.code}`
    : "by a proxy, or a server that says nothing"
  const message = `Idle links are cut after about ${about(fatal)}, ${who}`
  return pinged === undefined
    ? warning(
      `${message}.`,
      `Use a heartbeat of ${duration(heartbeat)} (--heartbeat ${
        printDuration(Duration.millis(heartbeat))
      }, heartbeat.interval).`
    )
    : error(
      `${message}; pings do not help.`,
      "It counts messages only: send one of your own often enough (Heartbeat.layerMessage), or raise the limit of the server or proxy."
    )
}

const describe = ({ fate, silence }: Outcome): string => {
  const head = `silent for ${duration(silence).padEnd(10)}`
  switch (fate._tag) {
    case "Survived":
      return `${head}  lives`
    case "Dead":
      return `${head}  dead: the ping after it was not answered`
    case "Cut":
      return `${head}  ${
        fate.how === "close" ? `closed with ${fate.code}` : fate.how === "end" ? "ended" : "reset"
      } after ${duration(fate.after)}`
  }
}

/** Nobody configures a limit of 59.98 s. */
const about = (millis: number): string => duration(Number(millis.toPrecision(2)))

/** How long the step may take at most: for its deadline. */
export const longestRun = (longest: Duration.Duration, patience: Duration.Duration): Duration.Duration =>
  Duration.sum(Duration.times(longest, mostRounds + 3), Duration.times(patience, mostRounds + 3))
