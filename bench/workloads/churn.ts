import { readdirSync } from "node:fs"
import { setTimeout } from "node:timers/promises"
import { control } from "../control.ts"
import type { Metric, Workload } from "../types.ts"
import { collectGarbage } from "./garbage.ts"

/** So many that V8 has compiled and cached all it will: after 3000 it still goes on, which looks like a leak. */
const warmup = 15_000

const growth = (title: string, unit: string): Metric => ({ title, unit, better: "lower", ratio: false })

export const churn: Workload = {
  id: "churn",
  title: "10 000 sessions lost and reopened",
  detail:
    `By Close 1000, Close 1001 and a lost TCP in turn, with a reader of \`messages\` and a fiber of \`withSessions\` `
    + `in each; what the process has more of than after the first ${warmup}.`,
  contenders: ["Holdfast"],
  baseline: undefined,
  metrics: {
    heap: growth("heap", "B/session"),
    descriptors: growth("descriptors", ""),
    fibers: growth("fibers", ""),
    listeners: growth("listeners of the process", ""),
    resources: growth("active resources", "")
  },
  goals: [
    { contender: "Holdfast", metric: "heap", of: "value", atMost: 64, says: "heap flat (at most 64 B per session)" },
    ...["descriptors", "fibers", "listeners", "resources"].map((metric) => ({
      contender: "Holdfast",
      metric,
      of: "value" as const,
      atMost: 0,
      says: `${metric} flat`
    }))
  ],
  ahead: undefined,
  rounds: () => 1,
  server: true,
  pinned: false,
  measure: async (setting) => {
    // First, so that every fiber is seen.
    const { liveFibers } = await import("../../test/setup/live-fibers.ts")
    const { lossy } = await import("../contenders/lossy.ts")
    await lossy(`ws://127.0.0.1:${setting.port}/lossy`)
    const lose = async (sessions: number) => {
      await control(setting.port, `/lose?sessions=${sessions}`)
      const isOver = async () => (await control(setting.port, "/losses"))["kept"] === 1
      while (!await isOver()) await setTimeout(50)
      // What is being finished off in the background may take as long as a peer that never closes TCP: a second.
      await setTimeout(1500)
      await collectGarbage()
      return {
        heap: process.memoryUsage().heapUsed,
        descriptors: readdirSync("/proc/self/fd").length,
        fibers: liveFibers(),
        listeners: process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0),
        resources: process.getActiveResourcesInfo().length
      }
    }
    const sessions = 10_000 * setting.scale
    const before = await lose(warmup)
    const after = await lose(sessions)
    return {
      heap: (after.heap - before.heap) / sessions,
      descriptors: after.descriptors - before.descriptors,
      fibers: after.fibers - before.fibers,
      listeners: after.listeners - before.listeners,
      resources: after.resources - before.resources
    }
  }
}
