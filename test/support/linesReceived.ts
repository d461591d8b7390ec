// Takes the lines of a source, as fast as the test wants.
import * as Effect from "effect/Effect"
import type { Receiver } from "../../src/cli/run/sources/receiver.ts"
import { Notice } from "./notice.ts"

export interface LinesReceived extends Receiver {
  readonly lines: ReadonlyArray<string>
  readonly told: ReadonlyArray<string>
  /** Waits until so many lines came. */
  readonly some: (count: number) => Effect.Effect<ReadonlyArray<string>>
  /** Waits until the source says something that has this. */
  readonly tells: (text: string) => Effect.Effect<string>
}

export const make = (): LinesReceived => {
  const notice = new Notice()
  const lines: Array<string> = []
  const told: Array<string> = []
  return {
    lines,
    told,
    some: (count) => notice.when(() => lines.length >= count ? lines : undefined),
    tells: (text) => notice.when(() => told.find((sentence) => sentence.includes(text))),
    receive: (more) =>
      Effect.sync(() => {
        lines.push(...more)
        notice.notify()
      }),
    tell: (sentence) =>
      Effect.sync(() => {
        told.push(sentence)
        notice.notify()
      }),
    skipped: () => Effect.void
  }
}
