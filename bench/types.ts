// What the coordinator, the workloads and the contenders tell each other.

export type Message = string | Uint8Array

/** One connection of a contender. */
export interface Client {
  /** One message, as the contender's own `send` does it; a promise where it makes the caller wait. */
  readonly send: (message: Message) => void | Promise<void>
  /** So many messages, one after the other, with as much regard for backpressure as the contender allows. */
  readonly sendAll: (count: number, at: (index: number) => Message) => Promise<void>
  readonly close: () => void | Promise<void>
}

/** A way to use WebSockets, each in its own cheapest idiom. Promises are fulfilled when the connection is open. */
export interface Contender {
  /** Calls the handler for every message. */
  readonly receive: (url: string, onMessage: (message: Message) => void) => Promise<Client>
  /** Answers each message, where there is an answer. */
  readonly answer: (url: string, answer: (message: Message) => Message | undefined) => Promise<Client>
  /** A connection that does nothing but make sure, every second, that its peer is there. */
  readonly beat: (url: string) => Promise<Client>
  /** As `receive`, but a lost connection is dialled again every 50 ms; undefined where that is the caller's affair. */
  readonly recover: ((url: string, onMessage: (message: Message) => void) => Promise<Client>) | undefined
}

/** What a measurement is told. */
export interface Setting {
  readonly contender: string
  /** Where the server listens; 0 where the workload needs none. */
  readonly port: number
  /** 1, or less where a quick look is wanted. */
  readonly scale: number
}

/** The numbers of one measurement, by the key of their metric. */
export type Sample = Readonly<Record<string, number>>

export interface Metric {
  readonly title: string
  readonly unit: string
  readonly better: "higher" | "lower"
  /** Whether a ratio to the baseline means anything. */
  readonly ratio: boolean
}

/** What the median over the rounds must reach. */
export interface Goal {
  readonly contender: string
  readonly metric: string
  /** A ratio to the baseline, in the same round, or the number itself. */
  readonly of: "ratio" | "value"
  /** A function where the bound depends on the baseline's own number. */
  readonly atMost?: number | ((baseline: number) => number)
  readonly atLeast?: number
  /** In words, where the numbers do not say it. */
  readonly says?: string
}

/** One row of the table. */
export interface Workload {
  readonly id: string
  readonly title: string
  /** How it is measured, in a sentence or two. */
  readonly detail: string
  readonly contenders: ReadonlyArray<string>
  /** Whom the ratios are to. */
  readonly baseline: string | undefined
  readonly metrics: Readonly<Record<string, Metric>>
  readonly goals: ReadonlyArray<Goal>
  /** Ours must be ahead of every peer in the metric. */
  readonly ahead: { readonly ours: ReadonlyArray<string>; readonly metric: string } | undefined
  /** How many rounds are run where so many were asked for. */
  readonly rounds: (asked: number) => number
  /** Whether the measurement needs the bench's server. */
  readonly server: boolean
  /** Client and server on the same processor, where the system can do so: they never run at the same time. */
  readonly pinned: boolean
  /** Runs in a process of its own; fails where a message was lost, doubled or out of order. */
  readonly measure: (setting: Setting) => Promise<Sample>
}
