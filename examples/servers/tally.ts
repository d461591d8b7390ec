// Counts votes, whether or not anybody listens. Tells each vote as it comes, with a number that rises by one; whoever
// sends "snapshot" is told the whole tally, and up to which number it counts.
import { Effect } from "effect"
import { listen } from "./listen.ts"

export type Update =
  | { readonly type: "snapshot"; readonly upTo: number; readonly tally: Record<string, number> }
  | { readonly type: "vote"; readonly number: number; readonly candidate: string }

const candidates = ["dulse", "kelp", "nori"]

export const tallyServer = Effect.gen(function*() {
  const tally: Record<string, number> = {}
  let isOpen = true
  let number = 0
  const everybody = new Set<(update: Update) => void>()

  const server = yield* listen({
    onConnection: (socket) => {
      const tell = (update: Update) => socket.send(JSON.stringify(update))
      everybody.add(tell)
      socket.on("message", () => tell({ type: "snapshot", upTo: number, tally }))
      socket.on("close", () => everybody.delete(tell))
    }
  })

  const vote = Effect.sync(() => {
    if (!isOpen) return
    const candidate = candidates[number % candidates.length] ?? "kelp"
    number++
    tally[candidate] = (tally[candidate] ?? 0) + 1
    for (const tell of everybody) tell({ type: "vote", number, candidate })
  })
  yield* vote.pipe(Effect.andThen(Effect.sleep("20 millis")), Effect.forever, Effect.forkScoped)

  return {
    ...server,
    // No vote is counted after it: what it tells is the result.
    closePolls: Effect.sync(() => {
      isOpen = false
      return { number, tally: { ...tally } }
    })
  }
})
