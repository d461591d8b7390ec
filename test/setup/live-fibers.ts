// Every fiber of this process that has not ended.
//
// Effect counts fibers only where its runtime metrics were provided, and there is no default for all of them. So the
// two methods that every fiber passes through are wrapped: `setContext`, which the constructor calls before the fiber
// has an id, and `evaluate`, which leaves an exit behind when the fiber ends.
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"

type AnyFiber = Fiber.Fiber<unknown, unknown>

interface FiberPrototype {
  setContext: (context: unknown) => void
  evaluate: (effect: unknown) => void
}

const born = new Map<AnyFiber, Error>()

const prototype: FiberPrototype = Object.getPrototypeOf(Effect.runFork(Effect.void))
const { evaluate, setContext } = prototype
if (typeof setContext !== "function" || typeof evaluate !== "function") {
  throw new Error("Effect's fibers have changed, the leak guard cannot see them any more (test/setup/live-fibers.ts).")
}
prototype.setContext = function(this: AnyFiber, context) {
  if (this.id === undefined) born.set(this, birth())
  setContext.call(this, context)
}
prototype.evaluate = function(this: AnyFiber, effect) {
  evaluate.call(this, effect)
  if (this.pollUnsafe() !== undefined) born.delete(this)
}

/** An error that remembers where the fiber came from; its stack is put into words only when somebody asks. */
const birth = (): Error => {
  const limit = Error.stackTraceLimit
  Error.stackTraceLimit = 25
  const error = new Error("a fiber was born")
  Error.stackTraceLimit = limit
  return error
}

/** How many fibers live. */
export const liveFibers = (): number => born.size

/** The highest id given so far. */
export const newestFiber = (): number => Effect.runFork(Effect.void).id

/** The fibers that were born after the one with that id, in words. */
export const describeFibersSince = (id: number): ReadonlyArray<string> =>
  Array.from(born)
    .filter(([fiber]) => fiber.id > id)
    .map(([fiber, error]) => `a live fiber #${fiber.id}${describeNames(fiber)}${describeOrigin(error)}`)

const describeNames = ({ cache }: AnyFiber): string => {
  const names = [
    ...(cache.span?._tag === "Span" ? [`span ${cache.span.name}`] : []),
    ...(cache.stackFrame === undefined ? [] : [`in ${cache.stackFrame.name}`])
  ]
  return names.length === 0 ? "" : ` (${names.join(", ")})`
}

/** Where in our own files something was started. */
export const describeOrigin = (error: Error): string => {
  const frames = (error.stack ?? "").split("\n").slice(1).map((line) => line.trim())
  const ours = frames.filter((line) =>
    /\.ts:\d+/.test(line) && !/node_modules|node:|test\/setup\/(live|leak)-/.test(line)
  )
  return ours.length === 0 ? "" : `, started ${ours.slice(0, 3).join(" ")}`
}
