/**
 * `holdfast replay`: its flags.
 */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import { toggle } from "../toggle.ts"

const config = {
  file: Argument.String("file").pipe(Argument.withDescription("What holdfast connect --record wrote")),
  listen: Flag.String("listen").pipe(
    Flag.withMetavar("host:port"),
    Flag.withDescription("Where to listen; port 0 is a free one"),
    Flag.withDefault("127.0.0.1:0")
  ),
  speed: Flag.Finite("speed").pipe(
    Flag.withMetavar("factor"),
    Flag.withDescription("2 is twice as fast, 0.5 half; 0 is as fast as can be"),
    Flag.withDefault(1)
  ),
  loop: toggle("loop", "Begin again after the last session, and never end"),
  inTurn: toggle("in-turn", "Wait for a message of the client wherever one was sent in the recording")
} satisfies Command.Command.Config

/** What the flags said. */
export type ReplayInput = Command.Command.Config.Infer<typeof config>

/** `holdfast replay FILE`. */
export const replay = Command.make(
  "replay",
  config,
  (input) => Effect.flatMap(Effect.promise(() => import("./replay.ts")), (module) => module.replay(input))
).pipe(
  Command.withShortDescription("Serve a recording to WebSocket clients"),
  Command.withDescription(
    "Serves what holdfast connect --record wrote: each client that connects gets the next session of the recording, " +
      "at its pace. Ends after the last one."
  ),
  Command.withExamples([
    { command: "holdfast replay feed.ndjson --listen 127.0.0.1:9001", description: "Serve it, at its own pace" },
    { command: "holdfast replay feed.ndjson --speed 0 --loop", description: "To whoever comes, as fast as can be" }
  ])
)
