import { setTimeout } from "node:timers/promises"
import { load, peers } from "../contenders/load.ts"
import { control } from "../control.ts"
import type { Client, Workload } from "../types.ts"
import { collectGarbage } from "./garbage.ts"

/** Dialled at the same time. */
const atOnce = 250
const settled = 1000
const watched = 3000

export const idle: Workload = {
  id: "idle",
  title: "5 000 idle connections, a heartbeat every second",
  detail: "Growth of the process' resident memory per connection over the same process with a single one, and CPU time "
    + "per ping and pong. `ws` pings from a `setInterval` per connection, as its documentation has it; those who cannot "
    + "ping send a message instead.",
  contenders: ["ws", "Holdfast", ...peers],
  baseline: "ws",
  metrics: {
    memory: { title: "memory", unit: "KiB/connection", better: "lower", ratio: true },
    heap: { title: "heap", unit: "KiB/connection", better: "lower", ratio: true },
    cpu: { title: "CPU", unit: "µs/beat", better: "lower", ratio: true }
  },
  goals: [
    { contender: "Holdfast", metric: "memory", of: "ratio", atMost: 1.4 },
    { contender: "Holdfast", metric: "cpu", of: "ratio", atMost: 1.6 }
  ],
  ahead: { ours: ["Holdfast"], metric: "memory" },
  rounds: (asked) => asked,
  server: true,
  pinned: false,
  measure: async (setting) => {
    const contender = await load(setting.contender)
    const connections = 5000 * setting.scale
    const url = `ws://127.0.0.1:${setting.port}/idle`
    const clients: Array<Client> = [await contender.beat(url)]
    const before = await control(setting.port, "/beats")
    await setTimeout(settled)
    await collectGarbage()
    const alone = process.memoryUsage()
    for (let i = 0; i < connections; i += atOnce) {
      clients.push(...await Promise.all(Array.from({ length: atOnce }, () => contender.beat(url))))
    }
    await setTimeout(settled)
    await collectGarbage()
    const first = await control(setting.port, "/beats")
    const usage = process.cpuUsage()
    await setTimeout(watched)
    const { system, user } = process.cpuUsage(usage)
    const last = await control(setting.port, "/beats")
    await collectGarbage()
    const together = process.memoryUsage()
    const beats = last["beats"]! - first["beats"]!
    const expected = connections * watched / 1000
    if (before["beats"] === undefined || beats < expected * 0.8 || beats > expected * 1.2) {
      throw new Error(`${beats} beats in ${watched} ms of ${connections} connections`)
    }
    return {
      memory: (together.rss - alone.rss) / 1024 / connections,
      heap: (together.heapUsed - alone.heapUsed) / 1024 / connections,
      cpu: (user + system) / beats
    }
  }
}
