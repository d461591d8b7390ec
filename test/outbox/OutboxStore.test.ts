import { describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as OutboxStore from "../../src/outbox/OutboxStore.ts"
import { behavesAsAStore } from "../suites/outboxStore.ts"

describe("layerMemory", () => {
  let names = 0
  // Lives as long as its layer: all processes of these tests share one.
  const shared = Effect.runSync(Effect.scoped(Layer.build(OutboxStore.layerMemory)))
  behavesAsAStore({
    open: Effect.provideContext(OutboxStore.OutboxStore, shared),
    name: () => `memory-${++names}`,
    secondOwner: "fences"
  })
})
