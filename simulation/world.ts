// A world without real time: tasks run one after the other in the order in which they were scheduled, and time passes
// only when it is told to. The same seed gives the same run.
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Random from "effect/Random"
import * as Scheduler from "effect/Scheduler"
import * as Scope from "effect/Scope"
import { TestClock } from "effect/testing"

/** More tasks than any program needs: what runs longer does not come to rest. */
const ample = 40_000

export class World {
  private queue: Array<() => void> = []
  private context: Context.Context<never>
  private readonly testClock: TestClock.TestClock
  private readonly scope = Scope.makeUnsafe()
  /** What a suspended machine slept, which its timers did not see. */
  private slept = 0n
  /** By how much the wall clock was set. */
  private set = 0

  private readonly budget: number

  constructor(seed: number, budget: number = ample) {
    this.budget = budget
    const scheduler = new Scheduler.MixedScheduler("async", (task) => {
      this.queue.push(task)
      return () => {
        this.queue = this.queue.filter((other) => other !== task)
      }
    })
    const outer = Context.empty().pipe(
      Context.add(Scheduler.Scheduler, scheduler),
      // TestClock warns after a second of this one.
      Context.add(Clock.Clock, standstill)
    )
    this.context = outer
    const built: Context.Context<never> = this.await(Scope.provide(Layer.build(TestClock.layer()), this.scope))
    this.testClock = Context.get(built, Clock.Clock) as unknown as TestClock.TestClock
    this.context = Context.mergeAll(outer, built).pipe(
      Context.add(Logger.CurrentLoggers, new Set()),
      Context.add(Clock.Clock, this.clock(this.testClock)),
      Context.add(Random.Random, Effect.runSync(Random.withSeed(Random.Random, seed)))
    )
    this.advance(0)
  }

  /** Monotonic milliseconds. */
  get now(): number {
    return Number(this.testClock.monotonicTimeNanosUnsafe() + this.slept) / 1e6
  }

  private clock(inner: Clock.Clock): Clock.Clock {
    const ahead = () => Number(this.slept / 1_000_000n) + this.set
    const millis = () => inner.currentTimeMillisUnsafe() + ahead()
    const nanos = () => inner.currentTimeNanosUnsafe() + BigInt(ahead()) * 1_000_000n
    const monotonic = () => inner.monotonicTimeNanosUnsafe() + this.slept
    return {
      currentTimeMillisUnsafe: millis,
      currentTimeMillis: Effect.sync(millis),
      currentTimeNanosUnsafe: nanos,
      currentTimeNanos: Effect.sync(nanos),
      monotonicTimeNanosUnsafe: monotonic,
      monotonicTimeNanos: Effect.sync(monotonic),
      sleep: (duration) => inner.sleep(duration)
    }
  }

  /** Starts an effect; nothing of it has run but what it does before it first waits. */
  fork<A, E>(effect: Effect.Effect<A, E>): Fiber.Fiber<A, E> {
    return Effect.runForkWith(this.context)(effect)
  }

  /** Runs all that can run without time passing. */
  rest(): void {
    for (let ran = 0; this.queue.length > 0;) {
      const tasks = this.queue
      this.queue = []
      for (const task of tasks) {
        task()
        if (++ran > this.budget) throw new Error("it does not come to rest")
      }
    }
  }

  /** Time passes, once nothing else can run; timers fire in order. */
  advance(ms: number): void {
    // TestClock waits for what its timers woke, and not for what was under way before.
    this.rest()
    this.await(this.testClock.adjust(ms))
  }

  /** The machine sleeps: clocks go on, timers do not. */
  suspend(ms: number): void {
    this.slept += BigInt(ms) * 1_000_000n
  }

  /** Somebody sets the wall clock. */
  setClock(by: number): void {
    this.set += by
  }

  /** The result of an effect that waits for no time. */
  await<A>(effect: Effect.Effect<A>): A {
    const fiber = this.fork(effect)
    this.rest()
    return valueOf(fiber.pollUnsafe())
  }

  end(): void {
    this.await(Scope.close(this.scope, Exit.void))
  }
}

const valueOf = <A>(exit: Exit.Exit<A> | undefined): A => {
  if (exit === undefined) throw new Error("it waits for something that does not come")
  if (exit._tag === "Failure") throw new Error(String(exit.cause))
  return exit.value
}

const standstill: Clock.Clock = {
  currentTimeMillisUnsafe: () => 0,
  currentTimeMillis: Effect.succeed(0),
  currentTimeNanosUnsafe: () => 0n,
  currentTimeNanos: Effect.succeed(0n),
  monotonicTimeNanosUnsafe: () => 0n,
  monotonicTimeNanos: Effect.succeed(0n),
  sleep: () => Effect.never
}
