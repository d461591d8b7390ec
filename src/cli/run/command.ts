/**
 * `holdfast run`: its arguments and flags.
 */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { toggle } from "../toggle.ts"

/** `holdfast run CONFIG`. */
export const run = Command.make(
  "run",
  {
    config: Argument.File("config", { mustExist: false }).pipe(
      Argument.withDescription("What to keep alive: a file in TOML, YAML or JSON")
    ),
    http: Flag.String("http").pipe(
      Flag.withDescription("Serve the page, /metrics, /healthz and /readyz at HOST:PORT, whatever the config says"),
      Flag.optional
    ),
    check: toggle("check", "Only check the config, and print what was understood, secrets hidden"),
    control: toggle("control", "Answer to holdfast status, connections, send, reload and stop, as a daemon does"),
    connection: Flag.String("connection").pipe(
      Flag.withDescription("Keep only the connection of this name; may be given several times"),
      Flag.atLeast(0)
    )
  },
  ({ check, config, connection, control, http }) =>
    Effect.flatMap(
      Effect.promise(() => import("./run.ts")),
      (module) =>
        module.run({ file: config, check, connections: connection, control, http: Option.getOrUndefined(http) })
    )
).pipe(
  Command.withDescription("Keep the connections of a config alive, in the foreground"),
  Command.withExamples([
    { command: "holdfast run feeds.toml", description: "Until SIGTERM or SIGINT" },
    { command: "holdfast run --check feeds.toml", description: "Say what is wrong with the config" }
  ])
)
