/**
 * The flags of `holdfast chaos`.
 */
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import { durationFlag } from "../quantities.ts"
import { toggle } from "../toggle.ts"

/** `holdfast chaos`. */
export const chaos = Command.make(
  "chaos",
  {
    listen: Flag.String("listen").pipe(
      Flag.withDescription("Where to listen; port 0 is a free one"),
      Flag.withMetavar("host:port"),
      Flag.withDefault("127.0.0.1:0")
    ),
    fault: Flag.String("fault").pipe(
      Flag.withDescription(
        "What goes wrong, such as refuse,status=503,retry-after=15,times=2 or close,code=1012,after=5s; may be repeated"
      ),
      Flag.withMetavar("name,key=value"),
      Flag.atLeast(0)
    ),
    faults: toggle("faults", "Lists the faults there are, and ends"),
    echo: Flag.Boolean("echo").pipe(
      Flag.withDescription("Sends back every message; the default where there is no --feed"),
      Flag.optional
    ),
    feed: durationFlag("feed").pipe(
      Flag.withDescription("Sends 1, 2, 3, … this often, such as 500ms"),
      Flag.optional
    ),
    seed: Flag.String("seed").pipe(
      Flag.withDescription("Makes faults with a probability fall the same way each time"),
      Flag.optional
    )
  },
  (input) => Effect.flatMap(Effect.promise(() => import("./chaos.ts")), ({ chaos }) => chaos(input))
).pipe(
  Command.withDescription("A WebSocket server that misbehaves, to test clients with"),
  Command.withExamples([
    {
      command: "holdfast chaos --listen 127.0.0.1:9001",
      description: "An echo server whose faults are chosen over HTTP"
    },
    {
      command: "holdfast chaos --fault refuse,retry-after=15,times=2 --fault close,code=1012,after=5s",
      description: "Refuses two dials, then ends each session after five seconds"
    }
  ])
)
