// An `Output` that keeps what it is told.
import * as Effect from "effect/Effect"
import { type Fields, type Level, Output } from "../../src/cli/output.ts"

export interface Note {
  readonly level: Level
  readonly event: string
  readonly message: string
  readonly fields: Fields | undefined
}

export interface RecordedOutput {
  readonly output: Output["Service"]
  readonly written: () => string
  readonly notes: Array<Note>
}

/** Whatever is written is kept, at once, unless `write` says otherwise. */
export const recordedOutput = (overrides: Partial<Output["Service"]> = {}): RecordedOutput => {
  const chunks: Array<string> = []
  const notes: Array<Note> = []
  const write = (chunk: string | Uint8Array) =>
    Effect.sync(() => void chunks.push(typeof chunk === "string" ? chunk : Buffer.from(chunk).toString("latin1")))
  return {
    written: () => chunks.join(""),
    notes,
    output: Output.of({
      json: false,
      level: "info",
      terminal: { stdout: false, stderr: false },
      write,
      data: (line, record) => write(`${overrides.json === true ? JSON.stringify(record) : line}\n`),
      note: (level, event, message, fields) => Effect.sync(() => void notes.push({ level, event, message, fields })),
      paint: (_, text) => text,
      ...overrides
    })
  }
}
