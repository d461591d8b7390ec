/**
 * The command's tree. What a subcommand does is loaded when it is called, so
 * that `--help` and completions are quick.
 */
import * as Command from "effect/cli/Command"
import { chaos } from "./chaos/command.ts"
import { connect } from "./connect/command.ts"
import * as daemon from "./daemon/command.ts"
import { listen } from "./listen/command.ts"
import { layerOutput } from "./log.ts"
import { probe } from "./probe/command.ts"
import { replay } from "./replay/command.ts"
import { run } from "./run/command.ts"
import { Colour, Json, Quiet, Verbose } from "./settings.ts"
import { unit } from "./systemd/command.ts"

/** `holdfast`, with all that it can do. */
export const holdfast = Command.make("holdfast").pipe(
  Command.withDescription("WebSocket connections that stay up"),
  Command.withSubcommands([
    { group: "Talk and look", commands: [connect, probe] },
    { group: "Keep connections alive", commands: [run, unit] },
    {
      group: "As a daemon",
      commands: [
        daemon.start,
        daemon.stop,
        daemon.restart,
        daemon.reload,
        daemon.status,
        daemon.connections,
        daemon.logs,
        daemon.send
      ]
    },
    { group: "Servers to test with", commands: [chaos, listen, replay] },
    { group: "Not for people", commands: [daemon.supervisor, daemon.worker] }
  ]),
  Command.provide(layerOutput),
  Command.withGlobalFlags([Json, Quiet, Verbose, Colour])
)
