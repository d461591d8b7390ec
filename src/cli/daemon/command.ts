/**
 * The commands around a daemon: their arguments and flags.
 */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { durationFlag } from "../quantities.ts"
import { toggle } from "../toggle.ts"

const config = Argument.File("config", { mustExist: false }).pipe(
  Argument.withDescription("What to keep alive: a file in TOML, YAML or JSON")
)
const target = Argument.String("name").pipe(
  Argument.withDescription("The daemon's name, or its config file")
)
const anyTarget = Argument.optional(target)
const runtimeDir = Flag.String("runtime-dir").pipe(
  Flag.withMetavar("folder"),
  Flag.withDescription("Where control sockets are; default $HOLDFAST_RUNTIME_DIR, else $XDG_RUNTIME_DIR/holdfast"),
  Flag.optional
)
const wait = durationFlag("wait").pipe(
  Flag.withDescription("How long to wait for the first handshakes; 0s for not at all; default 30s"),
  Flag.optional
)
const timeout = durationFlag("timeout").pipe(
  Flag.withDescription("How long it may take to end, before it is signalled"),
  Flag.withDefault(Duration.seconds(10))
)
const force = toggle("force", "Signal a daemon that does not answer at once")
const watching = {
  watch: toggle("watch", "Show it again and again").pipe(Flag.withAlias("w")),
  interval: durationFlag("interval").pipe(
    Flag.withDescription("How often, with --watch"),
    Flag.withDefault(Duration.seconds(1))
  )
}

const folder = Option.getOrUndefined<string>
const millis = (duration: Option.Option<Duration.Duration>): number | undefined =>
  Option.getOrUndefined(Option.map(duration, Duration.toMillis))

/** `holdfast start CONFIG`. */
export const start = Command.make(
  "start",
  {
    config,
    wait,
    http: Flag.String("http").pipe(
      Flag.withDescription("Serve the page, /metrics, /healthz and /readyz at HOST:PORT, whatever the config says"),
      Flag.optional
    ),
    connection: Flag.String("connection").pipe(
      Flag.withDescription("Keep only the connection of this name; may be given several times"),
      Flag.atLeast(0)
    ),
    runtimeDir
  },
  ({ config, connection, http, runtimeDir, wait }) =>
    Effect.flatMap(
      Effect.promise(() => import("./start.ts")),
      (module) =>
        module.start({
          config,
          connections: connection,
          http: Option.getOrUndefined(http),
          wait: millis(wait),
          runtimeDir: folder(runtimeDir)
        })
    )
).pipe(
  Command.withDescription("Keep the connections of a config alive, in the background"),
  Command.withExamples([
    { command: "holdfast start feeds.toml", description: "Return when every connection has been open" }
  ])
)

/** `holdfast stop NAME`. */
export const stop = Command.make(
  "stop",
  { target, timeout, force, runtimeDir },
  ({ force, runtimeDir, target, timeout }) =>
    Effect.flatMap(
      Effect.promise(() => import("./stop.ts")),
      (module) => module.stop({ target, force, timeout: Duration.toMillis(timeout), runtimeDir: folder(runtimeDir) })
    )
).pipe(Command.withDescription("End a daemon: its connections are closed with 1001"))

/** `holdfast restart NAME`. */
export const restart = Command.make(
  "restart",
  { target, wait, timeout, force, runtimeDir },
  ({ force, runtimeDir, target, timeout, wait }) =>
    Effect.flatMap(
      Effect.promise(() => import("./restart.ts")),
      (module) =>
        module.restart({
          target,
          force,
          timeout: Duration.toMillis(timeout),
          wait: millis(wait),
          runtimeDir: folder(runtimeDir)
        })
    )
).pipe(Command.withDescription("End a daemon and start it again, as it was started"))

/** `holdfast reload NAME`. */
export const reload = Command.make(
  "reload",
  { target, runtimeDir },
  ({ runtimeDir, target }) =>
    Effect.flatMap(
      Effect.promise(() => import("./reload.ts")),
      (module) => module.reload({ target, runtimeDir: folder(runtimeDir) })
    )
).pipe(Command.withDescription("Read the config again; only what has changed is touched"))

/** `holdfast status [NAME]`. */
export const status = Command.make(
  "status",
  { target: anyTarget, ...watching, runtimeDir },
  ({ interval, runtimeDir, target, watch }) =>
    Effect.flatMap(
      Effect.promise(() => import("./status.ts")),
      (module) =>
        module.status({
          target: Option.getOrUndefined(target),
          watch,
          interval: Duration.toMillis(interval),
          runtimeDir: folder(runtimeDir)
        })
    )
).pipe(
  Command.withDescription(
    "How daemons and their connections are; exit codes 0 running, 1 dead, 3 not running, 4 unknown"
  )
)

/** `holdfast connections [NAME]`. */
export const connections = Command.make(
  "connections",
  { target: anyTarget, ...watching, runtimeDir },
  ({ interval, runtimeDir, target, watch }) =>
    Effect.flatMap(
      Effect.promise(() => import("./status.ts")),
      (module) =>
        module.connections({
          target: Option.getOrUndefined(target),
          watch,
          interval: Duration.toMillis(interval),
          runtimeDir: folder(runtimeDir)
        })
    )
).pipe(Command.withDescription("The connections of daemons, as a table"))

/** `holdfast logs NAME`. */
export const logs = Command.make(
  "logs",
  {
    target,
    follow: toggle("follow", "Print what comes, too, until interrupted").pipe(Flag.withAlias("f")),
    lines: Flag.Int("lines").pipe(
      Flag.withAlias("n"),
      Flag.withDescription("How many of the last lines"),
      Flag.filter((lines) => lines >= 0, () => "--lines must be 0 or more"),
      Flag.withDefault(20)
    ),
    runtimeDir
  },
  ({ follow, lines, runtimeDir, target }) =>
    Effect.flatMap(
      Effect.promise(() => import("./logs.ts")),
      (module) => module.logs({ target, follow, lines, runtimeDir: folder(runtimeDir) })
    )
).pipe(Command.withDescription("What a daemon has written"))

/** `holdfast send NAME [CONNECTION] MESSAGE`. */
export const send = Command.make(
  "send",
  {
    target,
    words: Argument.String("message").pipe(
      Argument.withDescription("[CONNECTION] MESSAGE; - for the lines of stdin"),
      Argument.between(1, 2)
    ),
    binary: toggle("binary", "Send the message's bytes as a binary one"),
    hex: toggle("hex", "The message is bytes in hex"),
    timeout: durationFlag("timeout").pipe(
      Flag.withDescription("How long each message may wait for its connection"),
      Flag.withDefault(Duration.seconds(10))
    ),
    runtimeDir
  },
  ({ binary, hex, runtimeDir, target, timeout, words }) =>
    Effect.flatMap(
      Effect.promise(() => import("./send.ts")),
      (module) =>
        module.send({
          target,
          words,
          format: hex ? "hex" : binary ? "binary" : "text",
          timeout: Duration.toMillis(timeout),
          runtimeDir: folder(runtimeDir)
        })
    )
).pipe(
  Command.withDescription("Send a message through a connection of a daemon"),
  Command.withExamples([
    { command: "holdfast send feeds '{\"op\":\"ping\"}'", description: "To the only connection" },
    { command: "printf '1\\n2\\n' | holdfast send feeds orders -", description: "Each line, to one of several" }
  ])
)

/** What `start` starts, and what that starts; not for people. */
export const supervisor = Command.unlisted(Command.make(
  "daemon-supervisor",
  { order: Argument.String("order") },
  ({ order }) => Effect.flatMap(Effect.promise(() => import("./supervise.ts")), (module) => module.supervise(order))
))

/** What the supervisor starts; not for people. */
export const worker = Command.unlisted(Command.make(
  "daemon-worker",
  { order: Argument.String("order") },
  ({ order }) => Effect.flatMap(Effect.promise(() => import("./work.ts")), (module) => module.work(order))
))
