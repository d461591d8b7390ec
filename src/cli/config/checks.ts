/**
 * What the library has to say of a connection's options: it knows what can never
 * work.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { ConnectionError } from "../../ConnectionError.ts"
import * as Handshake from "../../Handshake.ts"
import { check } from "../../internal/connectionOptions.ts"
import * as NodeConnection from "../../node/NodeConnection.ts"
import type { Member } from "./inherit.ts"
import type { Path, Problem } from "./problem.ts"
import { millisOf } from "./quantities.ts"

/** Milliseconds. Sinks come after the connections. */
const longestClose = 5000

/** What is wrong with one connection. */
export const checkMember = (
  { keys, section }: Member,
  options: NodeConnection.Options
): Effect.Effect<ReadonlyArray<Problem>> => {
  const path = ["connections", section]
  if (keys.url === undefined) {
    return Effect.succeed([{ path: [...path, "url"], sentence: "is missing, here and in defaults" }])
  }
  if (keys.closeTimeout !== undefined && (millisOf(keys.closeTimeout) ?? 0) > longestClose) {
    return Effect.succeed([{
      path: [...path, "closeTimeout"],
      sentence: `must be at most "5 seconds", since all is over 8 seconds after a signal; got "${keys.closeTimeout}"`
    }])
  }
  const { heartbeat } = keys
  if (typeof heartbeat === "object" && heartbeat.reply !== undefined && heartbeat.message === undefined) {
    return Effect.succeed([{
      path: [...path, "heartbeat", "reply"],
      key: true,
      sentence: "needs a message that is answered; add heartbeat.message"
    }])
  }
  return Effect.map(
    Effect.forEach(complaints(options), (complaint) =>
      complaint.pipe(
        Effect.scoped,
        Effect.as([]),
        Effect.catch((error) => Effect.succeed([problemOf(path, error)]))
      )),
    (problems) => problems.flat()
  )
}

/** Each part on its own, so that one mistake does not hide another. */
const complaints = (
  options: NodeConnection.Options
): ReadonlyArray<Effect.Effect<unknown, ConnectionError, Scope.Scope>> => [
  check(options),
  Handshake.make(options),
  // What is not given is right, and a thousand connections need not be asked for it.
  ...(["transport", "heartbeat", "reconnect"] as const)
    .filter((part) => options[part] !== undefined)
    .map((part) => build({ url: "ws://localhost", [part]: options[part] }))
]

const build = (options: NodeConnection.Options) => Layer.build(Layer.fresh(NodeConnection.parts(options)))

const problemOf = (path: Path, { message, reason }: ConnectionError): Problem => {
  if (reason._tag !== "InvalidRequest") return { path, sentence: message }
  return { path: [...path, ...keyOf(reason.option).split(".")], sentence: reason.problem }
}

/** The library's name of an option, as the config has it. */
const keyOf = (option: string): string =>
  option.replace(/^transport\.perMessageDeflate/, "compression").replace(/^transport\./, "").replace(
    /^greetTimeout$/,
    "greet.timeout"
  )
