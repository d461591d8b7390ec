/**
 * `holdfast listen`: its flags.
 */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import { toggle } from "../toggle.ts"

const config = {
  address: Argument.String("address").pipe(
    Argument.withDescription("HOST:PORT, or a port of 127.0.0.1; 0 is a free one"),
    Argument.withDefault("127.0.0.1:0")
  ),
  echo: toggle("echo", "Send back every message"),
  once: toggle("once", "End when the first client has gone"),
  binary: toggle("binary", "Send lines as binary messages, print messages byte after byte"),
  hex: toggle("hex", "Lines are hex and become binary messages; binary messages are printed in hex")
} satisfies Command.Command.Config

/** What the flags said. */
export type ListenInput = Command.Command.Config.Infer<typeof config>

/** `holdfast listen ADDRESS`. */
export const listen = Command.make(
  "listen",
  config,
  (input) => Effect.flatMap(Effect.promise(() => import("./listen.ts")), (module) => module.listen(input))
).pipe(
  Command.withShortDescription("Be a server: lines of stdin go to clients, their messages to stdout"),
  Command.withDescription(
    "A WebSocket server to try clients with. Each line of stdin is sent to every client, and each message of a client " +
      "is a line of stdout. stdin is not read before a client is there."
  ),
  Command.withExamples([
    { command: "holdfast listen 8080", description: "Talk to whoever connects" },
    { command: "holdfast listen 8080 --echo < /dev/null", description: "An echo server" },
    { command: "holdfast listen 8080 --once > received.txt", description: "Take what one client sends" }
  ])
)
