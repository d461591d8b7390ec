// One program, run from its first step to the end of its scope, with the invariants checked after every step.
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import { liveFibers, withoutOrigins } from "../test/setup/live-fibers.ts"
import { Delivery } from "./check/delivery.ts"
import { Life } from "./check/life.ts"
import { Pacing } from "./check/pacing.ts"
import { Preluding } from "./check/preluding.ts"
import * as Receiving from "./check/receiving.ts"
import * as Release from "./check/release.ts"
import * as Sending from "./check/sending.ts"
import { Violation } from "./check/violation.ts"
import { Client } from "./client.ts"
import { execute } from "./execute.ts"
import { Peers } from "./peers.ts"
import { Preludes } from "./preludes.ts"
import * as program from "./program.ts"
import { Users } from "./users.ts"
import { World } from "./world.ts"

/** All that there is to look at. */
export interface Simulation {
  readonly program: program.Program
  readonly world: World
  readonly peers: Peers
  readonly client: Client
  readonly users: Users
  readonly preludes: Preludes
  /** Whether the machine slept so far. */
  wasSuspended: boolean
  /** When `close` was called, by a user or by the end of the scope. */
  closing: number | undefined
  /** When `reconnect` was called, and whether it respected the floor. */
  readonly reconnects: Array<{ readonly at: number; readonly respectFloor: boolean }>
}

/** What a program violated, and at which step; undefined where it kept every promise. */
export interface Failure {
  readonly invariant: string
  readonly sentence: string
  readonly step: number
}

/** Runs a program; the same program gives the same result. */
export const run = (given: program.Program): Failure | undefined => withoutOrigins(() => judge(given))

const judge = (given: program.Program): Failure | undefined => {
  const before = liveFibers()
  let step = 0
  try {
    const world = new World(given.seed)
    const peers = new Peers(world, given.options.greet === "dialogue", given.options.onAccept)
    const client = new Client(world, given.options)
    const users = new Users(world, client, peers)
    const preludes = new Preludes(world, client)
    const simulation: Simulation = {
      program: given,
      world,
      peers,
      client,
      users,
      preludes,
      wasSuspended: false,
      closing: undefined,
      reconnects: []
    }
    const checks = [new Life(simulation), new Pacing(simulation), new Delivery(simulation), new Preluding(simulation)]
    const check = () => {
      for (const one of checks) one.check()
      Sending.check(simulation)
      Receiving.check(simulation)
      Release.checkBounded(simulation)
    }
    client.onMade = () => given.options.preludes.forEach((kind) => preludes.add(kind))
    const network = Scope.makeUnsafe()
    const scope = Scope.makeUnsafe()
    const server = world.await(client.network(network))
    const accepting = world.fork(peers.accepting(server.server))
    world.fork(client.open(server, scope))
    world.rest()
    for (const [i, one] of given.steps.entries()) {
      step = i + 1
      execute(simulation, one)
      if (one.atOnce === true && i < given.steps.length - 1) continue
      world.rest()
      check()
    }
    step++
    end(simulation, scope)
    check()
    Release.checkDescriptors(simulation)
    // Readers at their own pace finish what they were given, and what is on its way arrives.
    world.advance(3_600_000)
    Sending.checkEnd(simulation)
    Receiving.checkEnd(simulation)
    for (const one of checks) one.checkEnd()
    Release.check(simulation)
    world.await(Fiber.interrupt(accepting))
    world.await(Scope.close(network, Exit.void))
    world.end()
    Release.checkFibers(liveFibers() - before)
    return undefined
  } catch (error) {
    return error instanceof Violation
      ? { invariant: error.invariant, sentence: error.message, step }
      : {
        invariant: "no defect",
        sentence: error instanceof Error ? error.stack ?? error.message : String(error),
        step
      }
  }
}

const end = (simulation: Simulation, scope: Scope.Closeable): void => {
  const { world } = simulation
  simulation.closing ??= world.now
  const closed = world.fork(Scope.close(scope, Exit.void))
  world.rest()
  // One bound covers the flush, the Close frame and the answer; what users do at the end of their sessions comes on top.
  world.advance(program.closeTimeout)
  world.advance(100)
  if (closed.pollUnsafe() === undefined) {
    throw new Violation("everything is released", "the scope does not close within closeTimeout")
  }
  world.rest()
}
