// Draws a program: the same seed draws the same one.
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import type * as program from "./program.ts"

/** Draws from a seeded generator of Effect's. */
class Dice {
  private readonly random: Random.Random

  constructor(seed: number) {
    this.random = Effect.runSync(Random.withSeed(Random.Random, `program ${seed}`))
  }

  chance(probability: number): boolean {
    return this.random.nextDoubleUnsafe() < probability
  }

  upTo(n: number): number {
    return Math.floor(this.random.nextDoubleUnsafe() * n)
  }

  one<const A>(...values: ReadonlyArray<A>): A {
    return values[this.upTo(values.length)]!
  }

  /** One of them, each as likely as its weight says. */
  weighed<A>(table: ReadonlyArray<readonly [weight: number, make: () => A]>): A {
    let left = this.random.nextDoubleUnsafe() * table.reduce((sum, [weight]) => sum + weight, 0)
    for (const [weight, make] of table) {
      left -= weight
      if (left < 0) return make()
    }
    return table[0]![1]()
  }
}

export const draw = (seed: number): program.Program => {
  const dice = new Dice(seed)
  // A network that loses nothing lets more be said of what must arrive.
  const rough = dice.chance(0.6)
  const options = drawOptions(dice, rough)
  const length = 3 + dice.upTo(dice.chance(0.2) ? 40 : 18)
  const steps = Array.from({ length }, () => ({
    ...drawStep(dice, rough),
    ...(dice.chance(0.2) ? { atOnce: true } : {})
  }))
  return { seed, options, steps }
}

const drawOptions = (dice: Dice, rough: boolean): program.Options => ({
  onAccept: dice.chance(0.8) ? { does: "nothing" } : onAccept(dice, rough),
  start: dice.weighed<program.Options["start"]>([[8, () => "eager"], [2, () => "lazy"], [1, () => "awaitOpen"]]),
  whileDisconnected: dice.weighed<program.WhileDisconnected>([
    [3, () => "suspend"],
    [1, () => "fail"],
    [1, () => "drop"],
    [3, () => ({
      buffer: { messages: 1 + dice.upTo(5) },
      overflow: dice.one("suspend", "fail", "dropOldest", "dropNewest")
    })]
  ]),
  outboundMark: dice.one(40, 200, 262_144),
  rateLimit: dice.weighed<program.Options["rateLimit"]>([
    [7, () => "none"],
    [3, () => ({ limit: 1 + dice.upTo(6), window: dice.one(50, 300, 2_000) })]
  ]),
  preludes: Array.from({ length: dice.one(0, 0, 0, 0, 1, 2) }, () => drawPrelude(dice)),
  inboundMark: dice.one(60, 400, 262_144),
  overflow: dice.one("backpressure", "backpressure", "backpressure", "dropOldest", "dropNewest", "fail"),
  unread: dice.one("keepLatest", "keepLatest", "discard", "pause"),
  canPause: dice.chance(0.85),
  heartbeat: dice.one("none", "ping", "ping", "message", "idle", "both"),
  pace: dice.weighed<program.Pace>([
    [2, () => ({ kind: "spaced", ms: dice.one(50, 500, 1_000) })],
    [1, () => ({ kind: "spaced", ms: 100, times: 1 + dice.upTo(5) })],
    [3, () => ({ kind: "doubling", ms: dice.one(50, 200) })],
    [2, () => ({ kind: "default" })]
  ]),
  resetAfter: dice.one(500, 2_000, 30_000),
  classify: dice.weighed<program.Classified>([
    [5, () => "default"],
    [3, () => "floor"],
    [1, () => "immediately"],
    [1, () => "once"]
  ]),
  greet: dice.weighed<program.Greet>([
    [4, () => "none"],
    [2, () => "hello"],
    [5, () => "dialogue"],
    [1, () => "fails"],
    [1, () => "fork fails"]
  ])
})

const bytes = (dice: Dice) => dice.one(8, 8, 30, 120)

const choose = (dice: Dice): program.Chosen => ({
  ...(dice.chance(0.2) ? { expireAfter: dice.one(1, 60, 400, 3_000) } : {}),
  ...(dice.chance(0.25) ? { replaceKey: dice.one("a", "a", "b") } : {})
})

const drawPrelude = (dice: Dice): program.Prelude =>
  dice.weighed<program.Prelude>([
    [5, () => "speaks"],
    [4, () => "asks"],
    [1, () => "waits"],
    [1, () => "fails"],
    [1, () => "is interrupted"]
  ])

const drawStep = (dice: Dice, rough: boolean): program.Step =>
  dice.weighed<program.Step>([
    [14, () => advance(dice)],
    [12, () => ({
      do: "send",
      by: dice.one("connection", "connection", "connection", "session", "socket"),
      count: 1 + dice.upTo(4),
      bytes: bytes(dice),
      ...choose(dice)
    })],
    [2, () => ({ do: "sendAll", count: 1 + dice.upTo(4), bytes: bytes(dice), ...choose(dice) })],
    [3, () => ({ do: "interrupt", which: dice.upTo(4) })],
    [3, () => ({ do: "flush" })],
    [6, () => ({
      do: "read",
      by: dice.one("messages", "messages", "subscribe", "listen", "session", "receive", "withSessions", "socket"),
      pace: dice.one(0, 0, 0, 20, 3_000)
    })],
    [2, () => ({ do: "stopReading", which: dice.upTo(4) })],
    [1, () => ({ do: "awaitOpen" })],
    [1, () => ({ do: "addPrelude", prelude: drawPrelude(dice) })],
    [1, () => ({ do: "removePrelude", which: dice.upTo(4) })],
    [3, () => ({ do: "reconnect", respectFloor: dice.chance(0.7) })],
    [2, () => ({ do: "endSession", code: dice.one(1000, 1001, 4000) })],
    [0.5, () => ({ do: "close", code: dice.one(1000, 1001, 4001) })],
    [6, () => ({ do: "answer", next: dice.chance(0.5), answer: drawAnswer(dice) })],
    [3, () => ({ do: "answer", next: false, answer: { as: "accept" } })],
    [7, () => ({ do: "onAccept", behaviour: onAccept(dice, rough) })],
    [9, () => ({ do: "peerSend", count: 1 + dice.upTo(5), bytes: bytes(dice) })],
    [1, () => ({ do: "peerPing" })],
    [4, () => ({
      do: "peerClose",
      code: dice.one(1000, 1001, 1002, 1005, 1006, 1008, 1011, 1012, 1013, 3000, 4000, 4321, 2000)
    })],
    [3, () => ({ do: "pauseReading" })],
    [3, () => ({ do: "resumeReading" })],
    [1, () => ({ do: "latency", ms: dice.one(0, 5, 100, 900) })],
    [0.7, () => ({ do: "suspend", ms: dice.one(1_000, 5_000, 600_000) })],
    [0.7, () => ({ do: "setClock", by: dice.one(-3_600_000, -500, 500, 3_600_000) })],
    [rough ? 5 : 0, () => ({ do: "peerDrop" })],
    [rough ? 3 : 0, () => ({ do: "blackhole", inbound: dice.chance(0.6), outbound: dice.chance(0.6) })]
  ])

const advance = (dice: Dice): program.Step => ({
  do: "advance",
  ms: dice.weighed([
    [3, () => 1 + dice.upTo(50)],
    [4, () => 100 + dice.upTo(1_000)],
    [3, () => 1_000 + dice.upTo(5_000)],
    [1, () => 40_000]
  ])
})

const drawAnswer = (dice: Dice): program.Answer =>
  dice.weighed<program.Answer>([
    [2, () => ({ as: "accept" })],
    [3, () => ({ as: "refuse", code: dice.one("ECONNREFUSED", "ECONNRESET", "ENOTFOUND", "ETIMEDOUT") })],
    [2, () => ({ as: "reject", status: dice.one(401, 404, 500, 502) })],
    [2, () => ({ as: "reject", status: dice.one(429, 503), retryAfter: dice.one(0, 1, 4) })],
    [0.3, () => ({ as: "reject", status: dice.one(200, 400, 403) })],
    [1, () => ({ as: "stall" })],
    [1, () => ({ as: "invalid", check: dice.one("accept", "subprotocol", "upgrade", "connection", "http") })]
  ])

const onAccept = (dice: Dice, rough: boolean): program.OnAccept =>
  dice.weighed<program.OnAccept>([
    [3, () => ({ does: "nothing" })],
    [3, () => ({ does: "close", after: dice.one(0, 1, 300, 2_500), code: dice.one(1000, 1001, 1011, 1012, 4000) })],
    [5, () => ({ does: "talk", count: 1 + dice.upTo(6) })],
    [1, () => ({ does: "latency", ms: dice.one(1, 50, 400) })],
    [2, () => ({ does: "deafen", ms: dice.one(20, 400, 3_000) })],
    [rough ? 2 : 0, () => ({ does: "drop", after: dice.one(0, 1, 300, 2_500) })],
    [rough ? 1 : 0, () => ({ does: "blackhole" })]
  ])
