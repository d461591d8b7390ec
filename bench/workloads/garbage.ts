import { setTimeout } from "node:timers/promises"

/** Collects what can be collected; finalizers run between turns of the event loop. */
export const collectGarbage = async (): Promise<void> => {
  if (globalThis.gc === undefined) throw new Error("run with --expose-gc")
  for (let i = 0; i < 4; i++) {
    globalThis.gc()
    await setTimeout(20)
  }
}
