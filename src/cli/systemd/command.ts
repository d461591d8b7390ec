/**
 * The flags of `holdfast unit`.
 */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import { toggle } from "../toggle.ts"

/** `holdfast unit`. */
export const unit = Command.make(
  "unit",
  {
    config: Argument.String("config").pipe(Argument.withDescription("The config file of the connections")),
    user: toggle("user", "For a user's own services (systemctl --user)")
  },
  (input) => Effect.flatMap(Effect.promise(() => import("./printUnit.ts")), ({ printUnit }) => printUnit(input))
).pipe(
  Command.withDescription("Prints a systemd unit that keeps a config's connections alive"),
  Command.withExamples([
    {
      command: "holdfast unit /etc/holdfast/feeds.toml > /etc/systemd/system/feeds.service",
      description: "A service of the system, of Type=notify and with a watchdog"
    }
  ])
)
