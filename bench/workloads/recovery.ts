import { setTimeout } from "node:timers/promises"
import { load, peers } from "../contenders/load.ts"
import { control } from "../control.ts"
import { deferred } from "../deferred.ts"
import type { Contender, Message, Setting, Workload } from "../types.ts"

const restarts = 12

const millis = (nanos: bigint): number => Number(nanos) / 1_000_000

const medianOf = (numbers: ReadonlyArray<number>): number => numbers.toSorted((a, b) => a - b)[numbers.length >> 1]!

/** The time from a server's `listening`, which it tells in its first message, to that message. */
const afterRestart = async (contender: Contender, setting: Setting, count: number): Promise<ReadonlyArray<number>> => {
  let greeting = deferred<Message>()
  const onMessage = (message: Message) => greeting.resolve(message)
  await contender.recover!(`ws://127.0.0.1:${setting.port}/greeter`, onMessage)
  await greeting.promise
  const delays: Array<number> = []
  for (let i = 0; i < count; i++) {
    greeting = deferred()
    // Every phase of the 50 ms is met.
    await control(setting.port, `/restart?downtime=${100 + (i * 19) % 50}`)
    const listening = BigInt(await greeting.promise as string)
    delays.push(millis(process.hrtime.bigint() - listening))
    await setTimeout(20)
  }
  return delays
}

/** The time from the call that dials to the first message. */
const connects = async (contender: Contender, setting: Setting, count: number): Promise<ReadonlyArray<number>> => {
  const delays: Array<number> = []
  for (let i = 0; i < count; i++) {
    const greeting = deferred<Message>()
    const begun = process.hrtime.bigint()
    const client = contender.receive(`ws://127.0.0.1:${setting.port}/greeter`, greeting.resolve)
    await greeting.promise
    delays.push(millis(process.hrtime.bigint() - begun))
    await (await client).close()
    await setTimeout(20)
  }
  return delays
}

export const recovery: Workload = {
  id: "recovery",
  title: "First message after a server's restart, a dial every 50 ms",
  detail: "Counted from the server's `listening`. For `ws`, which does not dial again: the time of a connect alone, to "
    + "the first message.",
  contenders: ["ws", "Holdfast, listen", ...peers],
  baseline: "ws",
  metrics: {
    median: { title: "median", unit: "ms", better: "lower", ratio: false },
    worst: { title: "worst", unit: "ms", better: "lower", ratio: false }
  },
  goals: [{
    contender: "Holdfast, listen",
    metric: "median",
    of: "value",
    atMost: (connect) => 50 + 1.2 * connect,
    says: "median ≤ 50 ms + 1.2 × a raw connect"
  }],
  ahead: undefined,
  rounds: (asked) => Math.min(asked, 5),
  server: true,
  pinned: false,
  measure: async (setting) => {
    const contender = await load(setting.contender)
    const count = Math.ceil(restarts * setting.scale)
    const delays = contender.recover === undefined
      ? await connects(contender, setting, count)
      : await afterRestart(contender, setting, count)
    return { median: medianOf(delays), worst: Math.max(...delays) }
  }
}
