// Every fiber of this process that has not ended.
//
// Effect counts fibers only where its runtime metrics were provided, and there is no default for all of them. So the
// two methods that every fiber passes through are wrapped: `setContext`, which the constructor calls before the fiber
// has an id, and `evaluate`, which leaves an exit behind when the fiber ends.
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { describeStack, shortStack } from "./stacks.ts"

type AnyFiber = Fiber.Fiber<unknown, unknown>

interface FiberPrototype {
  setContext: (context: unknown) => void
  evaluate: (effect: unknown) => void
}

const born = new Map<AnyFiber, AnyFiber | Error>()

const prototype: FiberPrototype = Object.getPrototypeOf(Effect.runFork(Effect.void))
const { evaluate, setContext } = prototype
if (typeof setContext !== "function" || typeof evaluate !== "function") {
  throw new Error("Effect's fibers have changed, the leak guard cannot see them any more (test/setup/live-fibers.ts).")
}
prototype.setContext = function(this: AnyFiber, context) {
  if (this.id === undefined) born.set(this, origin())
  setContext.call(this, context)
}
prototype.evaluate = function(this: AnyFiber, effect) {
  evaluate.call(this, effect)
  if (this.pollUnsafe() !== undefined) born.delete(this)
}

/** Where a fiber came from: the fiber that forked it or, for the first of a family, a stack that is yet to be told. */
const origin = (): AnyFiber | Error => Fiber.getCurrent() ?? (isTold ? shortStack(12) : untold)

const untold = shortStack(0)
let isTold = true

/** Where the fibers come from that `run` starts is not remembered: for who starts a million of them and only counts. */
export const withoutOrigins = <A>(run: () => A): A => {
  isTold = false
  try {
    return run()
  } finally {
    isTold = true
  }
}

/** How many fibers live. */
export const liveFibers = (): number => born.size

/** The highest id given so far. */
export const newestFiber = (): number => Effect.runFork(Effect.void).id

/** The fibers that were born after the one with that id, in words. */
export const describeFibersSince = (id: number): ReadonlyArray<string> =>
  Array.from(born)
    .filter(([fiber]) => fiber.id > id)
    .map(([fiber, origin]) => `a live ${describeFiber(fiber)}${describeBirth(origin)}`)

const describeBirth = (origin: AnyFiber | Error): string =>
  origin instanceof Error ? describeStack(origin) : `, forked by ${describeFiber(origin)}`

const describeFiber = ({ cache, id }: AnyFiber): string => {
  const names = [
    ...(cache.span?._tag === "Span" ? [`span ${cache.span.name}`] : []),
    ...(cache.stackFrame === undefined ? [] : [`in ${cache.stackFrame.name}`])
  ]
  return names.length === 0 ? `fiber #${id}` : `fiber #${id} (${names.join(", ")})`
}
