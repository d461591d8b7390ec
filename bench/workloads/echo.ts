import { load, peers } from "../contenders/load.ts"
import { deferred } from "../deferred.ts"
import { numberOf, text } from "../messages.ts"
import type { Goal, Message, Metric, Sample, Setting, Workload } from "../types.ts"

const p50: Metric = { title: "p50", unit: "µs", better: "lower", ratio: true }
const p99: Metric = { title: "p99", unit: "µs", better: "lower", ratio: true }

const texts = Array.from({ length: text.period }, (_, index) => text.at(index))

const measure = async (setting: Setting, inFlight: number, count: number): Promise<Sample> => {
  const contender = await load(setting.contender)
  const warmup = Math.ceil(count / 5)
  const sentAt = new Float64Array(text.period)
  const latencies = new Float64Array(count)
  let sent = 0
  let seen = 0
  const next = (): Message => {
    const number = sent++ % text.period
    sentAt[number] = performance.now()
    return texts[number]!
  }
  const finished = deferred()
  const client = await contender.answer(`ws://127.0.0.1:${setting.port}/echo`, (message) => {
    const now = performance.now()
    const number = numberOf(message as string)
    if (number !== seen % text.period) finished.reject(new Error(`answer ${seen} has the number ${number}`))
    if (seen >= warmup && seen < warmup + count) latencies[seen - warmup] = now - sentAt[number]!
    seen++
    if (seen === warmup + count) finished.resolve()
    return sent < warmup + count + inFlight ? next() : undefined
  })
  for (let i = 0; i < inFlight; i++) void client.send(next())
  await finished.promise
  latencies.sort()
  const at = (share: number) => 1000 * latencies[Math.floor(count * share)]!
  return { p50: at(0.5), p99: at(0.99) }
}

const contenders = ["ws", "Holdfast, listen", "Holdfast, messages", ...peers]

const workload = (inFlight: number, count: number, goals: ReadonlyArray<Goal>): Workload => ({
  id: `echo-${inFlight}`,
  title: `Echo, ${inFlight} in flight`,
  detail: "The time from `send` to the answer's arrival at the user's function, 32 B text."
    + (inFlight === 1
      ? " Client and server take turns on one processor: waking another costs more than all they do."
      : ""),
  contenders,
  baseline: "ws",
  metrics: { p50, p99 },
  goals,
  ahead: undefined,
  rounds: (asked) => asked,
  server: true,
  pinned: inFlight === 1,
  measure: (setting) => measure(setting, inFlight, count * setting.scale)
})

export const echoOne = workload(1, 10_000, [
  { contender: "Holdfast, listen", metric: "p50", of: "ratio", atMost: 1.1 },
  { contender: "Holdfast, messages", metric: "p50", of: "ratio", atMost: 1.2 }
])

export const echoMany = workload(64, 150_000, [
  { contender: "Holdfast, listen", metric: "p50", of: "ratio", atMost: 1 },
  { contender: "Holdfast, messages", metric: "p50", of: "ratio", atMost: 1 }
])
