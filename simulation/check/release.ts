// After the end of its scope nothing of a connection is left.
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as program from "../program.ts"
import type { Simulation } from "../simulation.ts"
import { must } from "./violation.ts"

const released = "everything is released"
/** What users do at the end of their sessions comes on top. */
const forFinalizers = 100

export const checkDescriptors = ({ client }: Simulation): void => {
  const open = Effect.runSync(client.server.openLinks)
  must(open === 0, released, () => `${open} descriptors are open`)
  for (const [i, link] of client.links.entries()) {
    must(link.failure() !== undefined, released, () => `link ${i + 1} has not ended`)
  }
}

/** A close takes no longer than it may, whatever waits to be sent, and whoever speaks first. */
export const checkBounded = ({ client: { status }, closing, wasSuspended, world }: Simulation): void => {
  if (closing === undefined || wasSuspended || status === undefined) return
  const bound = program.closeTimeout + forFinalizers
  must(
    status._tag === "Closed" || world.now - closing <= bound,
    released,
    () => `it is ${status._tag} long after close`
  )
}

export const check = ({ peers, users }: Simulation): void => {
  for (const { exit, what } of users.everybody) {
    must(exit !== undefined, released, () => `${what} still waits`)
    if (exit?._tag === "Failure") {
      must(!Cause.hasDies(exit.cause), released, () => `${what} died: ${Cause.pretty(exit.cause)}`)
    }
  }
  for (const peer of peers.all) {
    must(peer.closedWith !== undefined, released, () => `peer ${peer.index} was never told of the end`)
  }
}

export const checkFibers = (left: number): void => must(left === 0, released, () => `${left} fibers are left`)
