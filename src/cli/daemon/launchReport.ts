/**
 * What a supervisor tells `start`, over a pipe that it inherits: that the socket
 * is its own, or why it cannot be.
 */
import * as Effect from "effect/Effect"
import { fstatSync } from "node:fs"
import * as net from "node:net"
import type { CliFailure } from "../failure.ts"

/** The descriptor of the pipe. */
export const reportDescriptor = 3

/** Says it, and hangs up. Who has gone is not told. */
export const report = (
  what: { readonly claimed: number } | CliFailure
): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    if (!isPipe()) return resume(Effect.void)
    const line = "claimed" in what ? what : { exit: what.exit, message: what.message, advice: what.advice }
    const pipe = new net.Socket({ fd: reportDescriptor, readable: false, writable: true })
    pipe.on("error", () => undefined)
    pipe.on("close", () => resume(Effect.void))
    pipe.end(`${JSON.stringify(line)}\n`, () => pipe.destroy())
  })

const isPipe = (): boolean => {
  try {
    const stat = fstatSync(reportDescriptor)
    return stat.isSocket() || stat.isFIFO()
  } catch {
    return false
  }
}
