/**
 * The flags of `holdfast probe`.
 */
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { connectionFlags, urlArgument } from "../connectionFlags.ts"
import { durationFlag } from "../quantities.ts"

/** `holdfast probe`. */
export const probe = Command.make(
  "probe",
  {
    url: urlArgument,
    pings: Flag.Int("pings").pipe(
      Flag.withMetavar("number"),
      Flag.withDescription("How many pings to time; 5 by default, 0 for none"),
      Flag.withDefault(5)
    ),
    listenFor: durationFlag("listen-for").pipe(
      Flag.withDescription("How long to listen for what the server sends by itself; 1s by default"),
      Flag.withDefault(Duration.seconds(1))
    ),
    answerTimeout: durationFlag("answer-timeout").pipe(
      Flag.withDescription("How long a pong, or the answer to a Close frame, may take; 5s by default"),
      Flag.withDefault(Duration.seconds(5))
    ),
    idle: durationFlag("idle").pipe(
      Flag.withDescription("Find out how long silence is survived, up to this; takes up to seven times as long"),
      Flag.optional
    ),
    idleLinks: Flag.Int("idle-links").pipe(
      Flag.withMetavar("number"),
      Flag.withDescription("How many links are silent at the same time for --idle; 5 by default"),
      Flag.withDefault(5)
    ),
    ...connectionFlags
  },
  (input) => Effect.flatMap(Effect.promise(() => import("./probe.ts")), ({ probe }) => probe(input))
).pipe(
  Command.withDescription(
    "A doctor for handshakes and links: what happens step by step, what is wrong, what to change"
  ),
  Command.withExamples([
    {
      command: "holdfast probe wss://feed.example/v2",
      description: "Every step to an open link, and whether it lives"
    },
    { command: "holdfast probe wss://feed.example/v2 --idle 5m", description: "And how long silence is survived" }
  ])
)
