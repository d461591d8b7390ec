import { end } from "../messages.ts"
import type { Message, Workload } from "../types.ts"
import { measureInbound } from "./inbound.ts"
import { cpu, rate } from "./metrics.ts"

export const inboundProtocol: Workload = {
  id: "inbound-protocol",
  title: "Inbound, a Protocol of 128 B JSON with a Schema",
  detail: "The same messages and the same struct with four fields: `Protocol.messages` and `Protocol.listen` with "
    + "`Codec.json`, beside `JSON.parse` and the compiled decoder in the callback of `ws`.",
  contenders: ["ws", "Holdfast, Protocol.messages", "Holdfast, Protocol.listen"],
  baseline: "ws",
  metrics: { rate, cpu },
  goals: [{ contender: "Holdfast, Protocol.messages", metric: "cpu", of: "ratio", atMost: 1.15 }],
  ahead: undefined,
  rounds: (asked) => asked,
  server: true,
  pinned: false,
  measure: async (setting) => {
    const { useEffect } = await import("./effectInUse.ts")
    await useEffect()
    const Schema = await import("effect/Schema")
    const Tick = Schema.Struct({ id: Schema.Number, symbol: Schema.String, price: Schema.Number, note: Schema.String })
    const feed = { feed: "json", count: 400_000 * setting.scale, numberOf: () => NaN } as const
    if (setting.contender === "ws") {
      const decode = Schema.decodeUnknownSync(Tick)
      return measureInbound(setting, { ...feed, handle: (message) => decode(JSON.parse(message as string)).id })
    }
    const { listen, messages, receive } = await import("../contenders/protocol.ts")
    const read = setting.contender === "Holdfast, Protocol.listen" ? listen : messages
    return measureInbound(setting, {
      ...feed,
      handle: (value) => (value as unknown as typeof Tick.Type).id,
      receive: (url, onMessage) =>
        receive(
          url,
          Tick,
          Schema.String,
          read((value) => onMessage(value as unknown as Message)),
          // The last message of a feed is no JSON.
          (head) => onMessage(head === end ? end : `not understood: ${head}`)
        )
    })
  }
}
