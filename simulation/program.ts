// What is simulated: a connection with some options, and the steps of its users, its network and its clocks.

export type Answer =
  | { readonly as: "accept" }
  | { readonly as: "reject"; readonly status: number; readonly retryAfter?: number }
  | { readonly as: "refuse"; readonly code: string }
  | { readonly as: "stall" }
  | { readonly as: "invalid"; readonly check: string }

/** What the server does by itself with each peer that it accepts from now on. */
export type OnAccept =
  | { readonly does: "nothing" }
  | { readonly does: "close"; readonly after: number; readonly code: number }
  | { readonly does: "drop"; readonly after: number }
  | { readonly does: "blackhole" }
  | { readonly does: "talk"; readonly count: number }
  | { readonly does: "latency"; readonly ms: number }
  /** Reads nothing so long. */
  | { readonly does: "deafen"; readonly ms: number }

export type ReadBy = "messages" | "subscribe" | "listen" | "session" | "receive" | "withSessions" | "socket"
export type SendBy = "connection" | "session" | "socket"

/** What is chosen for one send. */
export interface Chosen {
  readonly expireAfter?: number | undefined
  /** Of every second one, where a step sends several at a time. */
  readonly replaceKey?: string | undefined
}

/** Who speaks first in a session: says something, or asks and waits for the answer, for ever or not; every third run of the others fails. */
export type Prelude = "speaks" | "asks" | "waits" | "fails" | "is interrupted"

export type Step =
  | { readonly do: "send"; readonly by: SendBy; readonly count: number; readonly bytes: number } & Chosen
  | { readonly do: "sendAll"; readonly count: number; readonly bytes: number } & Chosen
  | { readonly do: "interrupt"; readonly which: number }
  | { readonly do: "flush" }
  | { readonly do: "read"; readonly by: ReadBy; readonly pace: number }
  | { readonly do: "stopReading"; readonly which: number }
  | { readonly do: "awaitOpen" }
  | { readonly do: "addPrelude"; readonly prelude: Prelude }
  | { readonly do: "removePrelude"; readonly which: number }
  | { readonly do: "reconnect"; readonly respectFloor: boolean }
  | { readonly do: "endSession"; readonly code: number }
  | { readonly do: "close"; readonly code: number }
  | { readonly do: "advance"; readonly ms: number }
  | { readonly do: "suspend"; readonly ms: number }
  | { readonly do: "setClock"; readonly by: number }
  | { readonly do: "answer"; readonly next: boolean; readonly answer: Answer }
  | { readonly do: "onAccept"; readonly behaviour: OnAccept }
  | { readonly do: "peerSend"; readonly count: number; readonly bytes: number }
  | { readonly do: "peerPing" }
  | { readonly do: "peerClose"; readonly code: number }
  | { readonly do: "peerDrop" }
  | { readonly do: "blackhole"; readonly inbound: boolean; readonly outbound: boolean }
  | { readonly do: "latency"; readonly ms: number }
  | { readonly do: "pauseReading" }
  | { readonly do: "resumeReading" }

/** `atOnce`: the next step comes before anything of this one could run. */
export type ProgramStep = Step & { readonly atOnce?: boolean }

export type WhileDisconnected = "suspend" | "fail" | "drop" | {
  readonly buffer: { readonly messages: number }
  readonly overflow: "suspend" | "fail" | "dropOldest" | "dropNewest"
}

export type Pace =
  | { readonly kind: "spaced"; readonly ms: number; readonly times?: number }
  /** `ms * 2 ** (n - 1)`, without jitter. */
  | { readonly kind: "doubling"; readonly ms: number }
  | { readonly kind: "default" }

export type Classified = "default" | "floor" | "immediately" | "once"

export type Greet = "none" | "hello" | "dialogue" | "fails" | "fork fails"

export type Beat = "none" | "ping" | "message" | "idle" | "both"

export interface RateLimit {
  readonly limit: number
  readonly window: number
}

export interface Options {
  /** Until a step says something else. */
  readonly onAccept: OnAccept
  readonly start: "eager" | "lazy" | "awaitOpen"
  readonly whileDisconnected: WhileDisconnected
  readonly outboundMark: number
  readonly rateLimit: RateLimit | "none"
  /** Added before there is a session, where there is a connection by then. */
  readonly preludes: ReadonlyArray<Prelude>
  readonly inboundMark: number
  readonly overflow: "backpressure" | "dropOldest" | "dropNewest" | "fail"
  readonly unread: "keepLatest" | "discard" | "pause"
  readonly canPause: boolean
  readonly heartbeat: Beat
  readonly pace: Pace
  readonly resetAfter: number
  readonly classify: Classified
  readonly greet: Greet
}

export interface Program {
  readonly seed: number
  readonly options: Options
  readonly steps: ReadonlyArray<ProgramStep>
}

export const heartbeat = { interval: 2_000, timeout: 1_000 } as const
export const closeTimeout = 1_500
export const maxPause = 20_000
export const greetTimeout = 800
export const dialTimeout = 3_000
/** How long a prelude waits for its answer, where it does not wait for ever. */
export const answerTimeout = 2_000
/** What the peer is said to ask for where errors are classified with a floor. */
export const floor = 700

/** For people: one line a step. */
export const print = ({ options, seed, steps }: Program): string =>
  [
    `seed ${seed}`,
    ...Object.entries(options).map(([name, value]) => `  ${name}: ${JSON.stringify(value)}`),
    ...steps.map((step, i) => `${String(i + 1).padStart(4)}. ${describe(step)}`)
  ].join("\n")

/** One step, as a person would say it. */
export const describe = ({ atOnce, do: verb, ...rest }: ProgramStep): string => {
  const facts = Object.entries(rest).map(([name, value]) =>
    `${name} ${typeof value === "object" ? JSON.stringify(value) : String(value)}`
  )
  return [verb, ...facts].join(" ") + (atOnce === true ? " &" : "")
}
