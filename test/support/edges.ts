/**
 * Which status may follow which.
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { ConnectionService } from "../../src/Connection.ts"
import type { ConnectionStatus } from "../../src/ConnectionStatus.ts"

type Tag = ConnectionStatus["_tag"]

const legal: Record<Tag, ReadonlyArray<Tag>> = {
  Connecting: ["Open", "Waiting", "Closing", "Closed"],
  // To Connecting by `reconnect` only.
  Open: ["Waiting", "Connecting", "Closing", "Closed"],
  Waiting: ["Connecting", "Closing", "Closed"],
  Closing: ["Closed"],
  Closed: []
}

const isLegal = (from: ConnectionStatus, to: ConnectionStatus): boolean =>
  legal[from._tag].includes(to._tag) ||
  // The first use of a lazy connection.
  (from._tag === "Connecting" && from.attempt === 0 && to._tag === "Connecting" && to.attempt === 1)

/** The edges that no connection may take, in words. */
export const illegalEdges = (seen: ReadonlyArray<ConnectionStatus>): ReadonlyArray<string> =>
  seen.slice(1).flatMap((to, i) => isLegal(seen[i]!, to) ? [] : [`${seen[i]!._tag} -> ${to._tag}`])

/**
 * Makes a connection, watches it until it is closed, and dies at the end of the
 * scope where it took an illegal edge or did not end with `Closed`.
 */
export const watched = <E, R>(
  make: Effect.Effect<ConnectionService, E, R>
): Effect.Effect<ConnectionService, E, R | Scope.Scope> =>
  Effect.gen(function*() {
    const seen: Array<ConnectionStatus> = []
    const watching: Array<Fiber.Fiber<void>> = []
    // Registered first, so that the connection is closed by then.
    yield* Effect.addFinalizer(() => Effect.forEach(watching, (fiber) => judge(fiber, seen)))
    const connection = yield* make
    watching.push(
      yield* Effect.forkDetach(
        Stream.runForEach(connection.changes, (status) => Effect.sync(() => seen.push(status))),
        { startImmediately: true }
      )
    )
    return connection
  })

const judge = Effect.fnUntraced(function*(watching: Fiber.Fiber<void>, seen: ReadonlyArray<ConnectionStatus>) {
  for (let turns = 0; turns < 30 && watching.pollUnsafe() === undefined; turns++) yield* Effect.yieldNow
  yield* Fiber.interrupt(watching)
  const wrong = illegalEdges(seen)
  if (wrong.length > 0) return yield* Effect.die(new Error(`illegal: ${wrong.join(", ")}`))
  const last = seen.at(-1)?._tag
  if (last !== "Closed") return yield* Effect.die(new Error(`the last status was ${last}`))
})
