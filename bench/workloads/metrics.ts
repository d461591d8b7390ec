import type { Metric } from "../types.ts"

/** Messages a second. */
export const rate: Metric = { title: "rate", unit: "k/s", better: "higher", ratio: true }

/** User and system time of the client's process. */
export const cpu: Metric = { title: "CPU", unit: "µs/message", better: "lower", ratio: true }

/** Both, of so many messages since then. */
export const perMessage = (
  count: number,
  begun: number,
  usage: NodeJS.CpuUsage
): { readonly rate: number; readonly cpu: number } => {
  const { system, user } = process.cpuUsage(usage)
  return { rate: count / (performance.now() - begun), cpu: (user + system) / count }
}
