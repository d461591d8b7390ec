import { setTimeout } from "node:timers/promises"
import { load, peers } from "../contenders/load.ts"
import type { Workload } from "../types.ts"
import { collectGarbage } from "./garbage.ts"

const size = 16 * 1024
const offered = 1024 * 1024 * 1024
const tick = 10

export const stalledPeer: Workload = {
  id: "stalled-peer",
  title: "A peer that reads nothing, 1 GiB offered in 10 s",
  detail: "16 KiB messages from one producer, which waits where `send` makes it wait, and checks nothing by hand: what "
    + "does the process grow by?",
  contenders: ["ws", "Holdfast", ...peers],
  baseline: undefined,
  metrics: {
    growth: { title: "growth", unit: "MiB", better: "lower", ratio: false },
    accepted: { title: "accepted", unit: "MiB", better: "lower", ratio: false }
  },
  goals: [{ contender: "Holdfast", metric: "growth", of: "value", atMost: 64 }],
  ahead: { ours: ["Holdfast"], metric: "growth" },
  rounds: () => 1,
  server: true,
  pinned: false,
  measure: async (setting) => {
    const contender = await load(setting.contender)
    const client = await contender.receive(`ws://127.0.0.1:${setting.port}/stalled`, () => {})
    await collectGarbage()
    const before = process.memoryUsage().rss
    const deadline = performance.now() + 10_000 * setting.scale
    const perTick = Math.round(offered * tick / size / (10_000 * setting.scale))
    let peak = before
    let sent = 0
    const produce = async (): Promise<void> => {
      while (sent < offered / size) {
        for (let i = 0; i < perTick; i++) {
          await client.send(Buffer.alloc(size, 0xa5))
          sent++
        }
        await setTimeout(tick)
      }
    }
    const failure: Array<unknown> = []
    produce().catch((error: unknown) => failure.push(error))
    while (performance.now() < deadline) {
      await setTimeout(50)
      peak = Math.max(peak, process.memoryUsage().rss)
    }
    if (failure.length > 0) throw failure[0]
    return { growth: (peak - before) / 1024 / 1024, accepted: sent * size / 1024 / 1024 }
  }
}
