// When a connection dials: a model of the policy, which is asked about every wait and every dial.
import * as Duration from "effect/Duration"
import type { ConnectionError, Reason } from "../../src/ConnectionError.ts"
import * as Recovery from "../../src/Recovery.ts"
import { classifications, type Told } from "../client.ts"
import type { Simulation } from "../simulation.ts"
import { must } from "./violation.ts"

interface Wait {
  readonly at: number
  readonly delay: number
  readonly floor: number
}

/** Of the arithmetic of times, not of the timers. */
const rounding = 1

export class Pacing {
  private readonly simulation: Simulation
  private seen = 0
  private seenDials = 0
  private attempt: number | undefined = undefined
  private steps = 0
  private retries = new Map<string, number>()
  private error: ConnectionError | undefined = undefined
  private wait: Wait | undefined = undefined
  private dialled: number | undefined = undefined
  private immediate: Array<number> = []

  constructor(simulation: Simulation) {
    this.simulation = simulation
  }

  check(): void {
    const { client: { events }, program: { options } } = this.simulation
    for (; this.seen < events.length; this.seen++) this.happened(events[this.seen]!)
    // The first events of such a connection nobody could hear.
    if (options.start !== "awaitOpen") this.checkDials()
  }

  checkEnd(): void {}

  private happened(told: Told): void {
    const { event } = told
    switch (event._tag) {
      case "Dialling":
        return this.dialling(told.at, event.attempt)
      case "AttemptFailed":
        this.error = event.error
        this.attempt ??= event.attempt
        return
      case "Opened":
        this.attempt ??= event.attempt
        return
      case "Disconnected":
        this.error = event.error
        if (Duration.toMillis(event.uptime) >= this.simulation.program.options.resetAfter) {
          this.steps = this.attempt = 0
          this.retries = new Map()
        }
        return
      case "WaitScheduled":
        this.wait = {
          at: told.at,
          delay: Duration.toMillis(event.delay),
          floor: Duration.toMillis(event.floor)
        }
        return this.waiting(this.wait, event.recovery)
      case "Closed":
        if (event.cause._tag === "Some") this.gaveUp(event.cause.value)
        return
      default:
        return
    }
  }

  private dialling(at: number, attempt: number): void {
    const { reconnects } = this.simulation
    const since = this.dialled
    const wait = this.wait
    if (since !== undefined) {
      const calls = reconnects.filter((call) => call.at >= since && call.at <= at)
      must(
        wait !== undefined || calls.length > 0,
        "dials are bounded",
        () => `a dial at ${at} followed the one at ${since} without a wait`
      )
      if (wait !== undefined) {
        const early = at < wait.at + wait.delay - rounding
        must(
          !early || calls.length > 0,
          "dials are bounded",
          () => `a dial at ${at} cut short the wait until ${wait.at + wait.delay}`
        )
        must(
          at >= wait.at + wait.floor - rounding || calls.some(({ respectFloor }) => !respectFloor),
          "no delay below its floor",
          () => `a dial at ${at} came before the floor at ${wait.at + wait.floor}`
        )
      }
    }
    must(
      this.attempt === undefined || attempt === this.attempt + 1,
      "backoff resets only after a stable session",
      () => `attempt ${attempt} followed attempt ${this.attempt}`
    )
    this.attempt = attempt
    this.dialled = at
    this.wait = undefined
  }

  private waiting({ at, delay, floor }: Wait, told: Recovery.Recovery): void {
    const { options } = this.simulation.program
    const error = this.error
    if (error === undefined) return
    const recovery = classifications[options.classify](error)
    must(Recovery.isRetry(recovery), "dials are bounded", () => `it waits after ${error.reason._tag}, which says stop`)
    if (!Recovery.isRetry(recovery)) return
    const key = keyOf(error.reason)
    const count = (this.retries.get(key) ?? 0) + 1
    this.retries.set(key, count)
    if (options.start !== "awaitOpen") {
      must(
        recovery.atMost === undefined || count <= recovery.atMost,
        "dials are bounded",
        () => `retry ${count} after ${key}, of ${recovery.atMost}`
      )
    }
    this.steps++
    const [low, high] = recovery.notBefore ?? [Duration.zero, Duration.zero]
    must(
      floor >= Duration.toMillis(low) && floor <= Duration.toMillis(high) && delay >= floor,
      "no delay below its floor",
      () => `after ${key} it waits for ${delay} with a floor of ${floor}`
    )
    if (recovery.immediately) this.immediate.push(at)
    must(
      Recovery.isRetry(told) && told.immediately === recovery.immediately,
      "dials are bounded",
      () => `the recovery that was told after ${key} is another one`
    )
    if (options.start !== "awaitOpen") this.checkDelay(delay, floor, recovery.immediately)
  }

  private checkDelay(delay: number, floor: number, immediately: boolean): void {
    const { pace } = this.simulation.program.options
    const wrong = (expected: string) => () =>
      `step ${this.steps} of the schedule waits for ${delay} instead of ${expected}`
    if (pace.kind === "default") {
      const bound = Math.max(floor, this.steps === 1 ? 5_000 : Math.min(30_000, 1_000 * 2 ** (this.steps - 1)))
      return must(delay <= bound, "backoff resets only after a stable session", wrong(`at most ${bound}`))
    }
    const paced = pace.kind === "spaced" ? pace.ms : pace.ms * 2 ** (this.steps - 1)
    const expected = Math.max(floor, immediately ? 0 : paced)
    must(Math.abs(delay - expected) < rounding, "backoff resets only after a stable session", wrong(String(expected)))
  }

  private gaveUp(error: ConnectionError): void {
    const { options } = this.simulation.program
    if (options.start === "awaitOpen") return
    const recovery = classifications[options.classify](error)
    const key = keyOf(error.reason)
    const exhausted = options.pace.kind === "spaced" && options.pace.times !== undefined &&
      this.steps >= options.pace.times
    const mayRetry = Recovery.isRetry(recovery) &&
      (recovery.atMost === undefined || (this.retries.get(key) ?? 0) < recovery.atMost)
    must(!mayRetry || exhausted, "dials are bounded", () => `it gave up after ${key}, though it may retry`)
  }

  /** From the dials that the transport saw, whatever the events say. */
  private checkDials(): void {
    const { client: { dials }, program: { options: { classify, pace } }, reconnects } = this.simulation
    for (; this.seenDials < dials.length; this.seenDials++) {
      if (this.seenDials === 0 || pace.kind === "default" || classify === "immediately") continue
      const from = dials[this.seenDials - 1]!
      const to = dials[this.seenDials]!
      const excused = reconnects.some(({ at }) => at >= from && at <= to) ||
        this.immediate.some((at) => at >= from && at <= to)
      must(
        excused || to - from >= pace.ms - rounding,
        "dials are bounded",
        () => `dials at ${from} and ${to} are closer than ${pace.ms}`
      )
    }
  }
}

const keyOf = (reason: Reason): string => {
  if (reason._tag === "HandshakeRejected") return `${reason._tag} ${reason.status}`
  return "code" in reason ? `${reason._tag} ${reason.code}` : reason._tag
}
