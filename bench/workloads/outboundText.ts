import { load, peers } from "../contenders/load.ts"
import { deferred } from "../deferred.ts"
import { received, text } from "../messages.ts"
import type { Client, Message, Workload } from "../types.ts"
import { cpu, perMessage, rate } from "./metrics.ts"

const texts = Array.from({ length: text.period }, (_, index) => text.at(index))
const at = (index: number): Message => texts[index % text.period]!

export const outboundText: Workload = {
  id: "outbound-text",
  title: "Outbound, 32 B text",
  detail: "One `yield*` or call per message, from the first to the server's word that all have arrived in order. "
    + "`ws` and those on top of it are asked for `bufferedAmount` before each message; `ws` waits for `drain` above "
    + "256 KiB, the others look again. Effect's Socket has neither.",
  contenders: ["ws", "Holdfast", ...peers],
  baseline: "ws",
  metrics: { rate, cpu },
  goals: [
    { contender: "Holdfast", metric: "cpu", of: "ratio", atMost: 0.4 },
    { contender: "Holdfast", metric: "rate", of: "ratio", atLeast: 2.5 }
  ],
  ahead: { ours: ["Holdfast"], metric: "cpu" },
  rounds: (asked) => asked,
  server: true,
  pinned: false,
  measure: async (setting) => {
    const contender = await load(setting.contender)
    const send = async (count: number) => {
      const answer = deferred<Message>()
      const url = `ws://127.0.0.1:${setting.port}/sink?count=${count}`
      const client: Client = await contender.receive(url, answer.resolve)
      const usage = process.cpuUsage()
      const begun = performance.now()
      await client.sendAll(count, at)
      const word = await answer.promise
      if (word !== received) throw new Error(`the server says: ${String(word)}`)
      const sample = perMessage(count, begun, usage)
      await client.close()
      return sample
    }
    const count = 800_000 * setting.scale
    await send(count / 4)
    return send(count)
  }
}
