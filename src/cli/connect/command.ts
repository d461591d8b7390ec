/**
 * `holdfast connect`: its flags.
 */
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import { connectionFlags, urlArgument } from "../connectionFlags.ts"
import { durationFlag } from "../quantities.ts"
import { toggle } from "../toggle.ts"

const config = {
  url: urlArgument,
  ...connectionFlags,
  execute: Flag.String("execute").pipe(
    Flag.withAlias("x"),
    Flag.withMetavar("message"),
    Flag.withDescription("Message to send, in place of stdin; may be repeated"),
    Flag.atLeast(0)
  ),
  send: Flag.String("send").pipe(
    Flag.withMetavar("file"),
    Flag.withDescription("File to send, one message a line, in place of stdin; - is stdin; may be repeated"),
    Flag.atLeast(0)
  ),
  wait: durationFlag("wait").pipe(
    Flag.withAlias("w"),
    Flag.withDescription(
      "How long nothing must have come, after everything was sent, until it ends; 2s by default, forever with --count or --expect"
    ),
    Flag.optional
  ),
  count: Flag.Int("count").pipe(
    Flag.withMetavar("number"),
    Flag.withDescription("End after so many messages; exit 19 where it ends before"),
    Flag.optional
  ),
  expect: Flag.String("expect").pipe(
    Flag.withMetavar("regex"),
    Flag.withDescription("End as soon as a message matches; exit 19 where it ends before"),
    Flag.optional
  ),
  timeout: durationFlag("timeout").pipe(
    Flag.withDescription("For the whole; exit 15 where it is not enough"),
    Flag.optional
  ),
  binary: toggle("binary", "Send lines as binary messages, print messages byte after byte"),
  hex: toggle("hex", "Lines are hex and become binary messages; binary messages are printed in hex"),
  slash: Flag.Boolean("slash").pipe(
    Flag.withDescription("Lines such as /ping or /close 4000 are commands; always so on a terminal"),
    Flag.optional
  ),
  showPingPong: toggle("show-ping-pong", "Tell of received pings and pongs, on stderr").pipe(Flag.withAlias("P")),
  record: Flag.String("record").pipe(
    Flag.withMetavar("file"),
    Flag.withDescription("Record every frame with its time; see holdfast replay"),
    Flag.optional
  ),
  reconnect: Flag.Boolean("reconnect").pipe(
    Flag.withDescription("Dial again when the connection is lost; --no-reconnect for never"),
    Flag.withDefault(true)
  ),
  retries: Flag.Int("retries").pipe(
    Flag.withMetavar("number"),
    Flag.withDescription("Dial again so often at most; no limit by default"),
    Flag.optional
  ),
  heartbeat: durationFlag("heartbeat").pipe(
    Flag.withDescription("Ping when nothing has come for so long; 25s by default"),
    Flag.optional
  ),
  heartbeatTimeout: durationFlag("heartbeat-timeout").pipe(
    Flag.withDescription("How long after a ping something must come; 15s by default"),
    Flag.optional
  ),
  noHeartbeat: toggle("no-heartbeat", "Send no pings"),
  history: Flag.Boolean("history").pipe(
    Flag.withDescription("Keep what is typed on a terminal for the next time; --no-history for not"),
    Flag.withDefault(true)
  )
} satisfies Command.Command.Config

/** What the flags said. */
export type ConnectInput = Command.Command.Config.Infer<typeof config>

/** `holdfast connect URL`. */
export const connect = Command.make(
  "connect",
  config,
  (input) => Effect.flatMap(Effect.promise(() => import("./connect.ts")), (module) => module.connect(input))
).pipe(
  Command.withShortDescription("Talk to a server: on a terminal, or as a filter in a pipe"),
  Command.withDescription(
    "Talks to a WebSocket server. On a terminal it is interactive; in a pipe each line of stdin is a message, and " +
      "each message is a line of stdout. A connection that is lost is dialled again, unless told otherwise."
  ),
  Command.withExamples([
    { command: "holdfast connect wss://echo.example", description: "Type messages, see answers; /help for commands" },
    {
      command: "jq -c .[] orders.json | holdfast connect wss://feed.example --header-env Authorization=TOKEN",
      description: "Send one message a line, print the answers, end 2 s after the last of them"
    },
    {
      command: "holdfast connect wss://feed.example -x '{\"op\":\"ping\"}' --expect pong --timeout 5s",
      description: "Check an answer, by exit code"
    },
    { command: "holdfast connect wss://feed.example --count 100 --record feed.ndjson", description: "Record a feed" }
  ])
)
