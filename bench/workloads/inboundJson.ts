import { peers } from "../contenders/load.ts"
import type { Workload } from "../types.ts"
import { measureInbound } from "./inbound.ts"
import { cpu, rate } from "./metrics.ts"

export const inboundJson: Workload = {
  id: "inbound-json",
  title: "Inbound, 128 B JSON with a Schema",
  detail:
    "Each message goes through `JSON.parse` and the same decoder of a struct with four fields, in the contender's "
    + "own callback or batch.",
  contenders: ["ws", "Holdfast, messages", "Holdfast, listen", ...peers],
  baseline: "ws",
  metrics: { rate, cpu },
  goals: [{ contender: "Holdfast, messages", metric: "rate", of: "ratio", atLeast: 1 }],
  ahead: { ours: ["Holdfast, messages", "Holdfast, listen"], metric: "cpu" },
  rounds: (asked) => asked,
  server: true,
  pinned: false,
  measure: async (setting) => {
    const { useEffect } = await import("./effectInUse.ts")
    await useEffect()
    const Schema = await import("effect/Schema")
    const decode = Schema.decodeUnknownSync(
      Schema.Struct({ id: Schema.Number, symbol: Schema.String, price: Schema.Number, note: Schema.String })
    )
    return measureInbound(setting, {
      feed: "json",
      count: 400_000 * setting.scale,
      handle: (message) => decode(JSON.parse(message as string)).id,
      numberOf: () => NaN
    })
  }
}
