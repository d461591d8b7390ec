/**
 * A program of the config as a command that can be started.
 */
import * as ChildProcess from "effect/process/ChildProcess"
import * as shutdown from "../shutdown.ts"

/** A list is a program with its arguments, a text a line for /bin/sh. */
export const program = (
  command: string | ReadonlyArray<string>,
  options: ChildProcess.CommandOptions
): ChildProcess.Command => {
  const all: ChildProcess.CommandOptions = { ...options, extendEnv: true, forceKillAfter: shutdown.ofTermination }
  const [first = "", ...rest] = typeof command === "string" ? [command] : command
  return typeof command === "string"
    ? ChildProcess.make(command, { ...all, shell: "/bin/sh" })
    : ChildProcess.make(first, rest, all)
}
