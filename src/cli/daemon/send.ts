/**
 * `holdfast send`: a message through a connection of a daemon.
 */
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import type * as Path from "effect/Path"
import * as Stdio from "effect/Stdio"
import * as Stream from "effect/Stream"
import { type CliFailure, failure } from "../failure.ts"
import { fromHex } from "../hex.ts"
import { plural } from "../inWords.ts"
import { Output } from "../output.ts"
import { connect } from "./controlClient.ts"
import type { Client } from "./conversation.ts"
import { find } from "./daemons.ts"
import type { Request } from "./protocol.ts"

/** What `send` is told. */
export interface SendInput {
  readonly target: string
  /** A message, or a connection and a message. */
  readonly words: ReadonlyArray<string>
  readonly format: "text" | "binary" | "hex"
  /** Milliseconds for each message. */
  readonly timeout: number
  readonly runtimeDir: string | undefined
}

type SendRequest = Extract<Request, { readonly _tag: "Send" }>

/** Returns when it was sent; `-` sends each line of stdin, in order. */
export const send = ({ format, runtimeDir, target, timeout, words }: SendInput): Effect.Effect<
  void,
  CliFailure,
  FileSystem.FileSystem | Path.Path | Output | Stdio.Stdio
> =>
  Effect.gen(function*() {
    const output = yield* Output
    const [connection, message] = words.length > 1 ? words : [undefined, words[0] ?? ""]
    const { place } = yield* find(target, runtimeDir)
    const sent = yield* Effect.scoped(Effect.gen(function*() {
      const client = yield* connect(place)
      const one = (text: string) =>
        Effect.flatMap(requestOf(connection, text, format), (request) => deliver(client, request, timeout))
      if (message !== "-") return yield* Effect.as(one(message ?? ""), 1)
      return yield* sendLines(one)
    }))
    yield* output.note("info", "sent", sent === 1 ? "sent" : `sent ${sent} messages`, { messages: sent })
  })

const sendLines = (one: (line: string) => Effect.Effect<void, CliFailure>) =>
  Effect.gen(function*() {
    const stdio = yield* Stdio.Stdio
    let sent = 0
    yield* stdio.stdin.pipe(
      Stream.decodeText(),
      Stream.splitLines,
      Stream.mapError((error) => failure("failure", `stdin cannot be read: ${error.message}`)),
      Stream.runForEach((line) =>
        one(line).pipe(
          Effect.mapError((error) => afterOthers(error, sent)),
          Effect.andThen(Effect.sync(() => sent++))
        )
      )
    )
    return sent
  })

const afterOthers = (error: CliFailure, sent: number): CliFailure =>
  error.reworded({
    message: `Line ${sent + 1} of stdin: ${error.message}`,
    advice: `${plural(sent, "line")} before it went out.`
  })

const deliver = (client: Client, request: SendRequest, timeout: number): Effect.Effect<void, CliFailure> =>
  Effect.asVoid(client.ask(request)).pipe(
    Effect.timeoutOrElse({
      duration: timeout,
      orElse: () =>
        Effect.fail(failure(
          "undelivered",
          `The message did not go out within ${timeout / 1000} s.`,
          "The connection is not open, or its peer does not read; holdfast status tells. The message was withdrawn."
        ))
    })
  )

/** What is asked for; fails where hex is no hex. */
export const requestOf = (
  connection: string | undefined,
  message: string,
  format: SendInput["format"]
): Effect.Effect<SendRequest, CliFailure> => {
  if (format === "text") return Effect.succeed({ _tag: "Send", connection, text: message })
  if (format === "binary") {
    return Effect.succeed({ _tag: "Send", connection, binary: Buffer.from(message).toString("base64") })
  }
  const bytes = fromHex(message)
  return bytes === undefined
    ? Effect.fail(
      failure("usage", `That is no hex: ${JSON.stringify(message)}`, "Two digits for each byte, as in 00ff1a.")
    )
    : Effect.succeed({ _tag: "Send", connection, binary: Buffer.from(bytes).toString("base64") })
}
