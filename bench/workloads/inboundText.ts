import { peers } from "../contenders/load.ts"
import { numberOf } from "../messages.ts"
import type { Workload } from "../types.ts"
import { measureInbound } from "./inbound.ts"
import { cpu, rate } from "./metrics.ts"

export const inboundText: Workload = {
  id: "inbound-text",
  title: "Inbound, 32 B text",
  detail: "A server sends as fast as it is read; every message reaches a function of the user's as a string.",
  contenders: ["ws", "Holdfast, messages", "Holdfast, listen", ...peers],
  baseline: "ws",
  metrics: { rate, cpu },
  goals: [
    { contender: "Holdfast, messages", metric: "cpu", of: "ratio", atMost: 1.15 },
    { contender: "Holdfast, messages", metric: "rate", of: "ratio", atLeast: 0.85 },
    { contender: "Holdfast, listen", metric: "cpu", of: "ratio", atMost: 1 }
  ],
  ahead: { ours: ["Holdfast, messages", "Holdfast, listen"], metric: "cpu" },
  rounds: (asked) => asked,
  server: true,
  pinned: false,
  measure: (setting) =>
    measureInbound(setting, {
      feed: "text",
      count: 2_000_000 * setting.scale,
      handle: () => undefined,
      numberOf: (message) => numberOf(message as string)
    })
}
