/**
 * What a source hands its lines to: they become messages of a connection.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { ConnectionService } from "../../../Connection.ts"
import type { Message } from "../../../Link.ts"
import { plural } from "../../inWords.ts"
import type { Output } from "../../output.ts"

/** What a source hands its lines to. */
export interface Receiver {
  /** Sends a message for each, one after the other; a source reads on when it returns. */
  readonly receive: (lines: ReadonlyArray<string>) => Effect.Effect<void>
  /** Says something of the source. */
  readonly tell: (sentence: string, level?: "debug" | "info" | "warn") => Effect.Effect<void>
  /** So many lines were too long so far. */
  readonly skipped: (lines: number) => Effect.Effect<void>
}

const tellEvery = 10_000

/** For one source of one connection. */
export const receiver = (
  source: string,
  connection: ConnectionService,
  output: Output["Service"],
  format: "text" | "base64"
): Receiver => {
  const tell: Receiver["tell"] = (sentence, level = "warn") =>
    output.note(level, "source", `${connection.name}: source ${source}: ${sentence}`, {
      connection: connection.name,
      source
    })
  let lost = 0
  let tellAt = 0
  let skipped = 0
  const lose = (why: string): Effect.Effect<void> =>
    Effect.flatMap(Clock.currentTimeMillis, (now) => {
      lost++
      if (now < tellAt) return Effect.void
      tellAt = now + tellEvery
      return tell(`${why}; ${plural(lost, "line")} not sent so far`)
    })

  const one = (line: string): Effect.Effect<void> => {
    const message: Message | undefined = format === "text" ? line : bytesOf(line)
    return message === undefined
      ? lose("a line is no base64")
      : Effect.catch(connection.send(message), (error) => lose(error.message))
  }
  return {
    receive: (lines) => Effect.forEach(lines, one, { discard: true }),
    tell,
    skipped: (lines) =>
      Effect.suspend(() => {
        if (lines === skipped) return Effect.void
        skipped = lines
        return tell(`a line was longer than 16 MiB; ${lines} left out so far`)
      })
  }
}

const bytesOf = (line: string): Uint8Array | undefined =>
  /^[A-Za-z0-9+/]*={0,2}$/.test(line.trim()) ? new Uint8Array(Buffer.from(line.trim(), "base64")) : undefined
