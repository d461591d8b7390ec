import { peers } from "../contenders/load.ts"
import type { Workload } from "../types.ts"
import { measureInbound } from "./inbound.ts"
import { cpu, rate } from "./metrics.ts"

export const inboundBinary: Workload = {
  id: "inbound-binary",
  title: "Inbound, 64 KiB binary",
  detail: "All contenders in processes that import and run Effect: its heap alone slows down large messages.",
  contenders: ["ws", "Holdfast, messages", "Holdfast, listen", ...peers],
  baseline: "ws",
  metrics: { rate, cpu },
  goals: [{ contender: "Holdfast, messages", metric: "rate", of: "ratio", atLeast: 0.95 }],
  ahead: { ours: ["Holdfast, messages", "Holdfast, listen"], metric: "cpu" },
  rounds: (asked) => asked,
  server: true,
  pinned: false,
  measure: async (setting) => {
    const { useEffect } = await import("./effectInUse.ts")
    await useEffect()
    return measureInbound(setting, {
      feed: "binary",
      count: 12_000 * setting.scale,
      handle: () => undefined,
      numberOf: (message) => {
        const bytes = message as Uint8Array
        return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true)
      }
    })
  }
}
