/**
 * The line at which people type: edited by Node's readline, with the status in
 * front, and with whatever else is written kept above it.
 */
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import * as readline from "node:readline"
import type { WriteStream } from "node:tty"

/** A prompt on a terminal. */
export interface Prompt {
  /** Lines that were typed; ends with Ctrl-D. */
  readonly lines: Queue.Dequeue<string, Cause.Done>
  /** Writes something above the line that is being typed. */
  readonly above: <A, E, R>(write: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  /** What stands before the line. */
  readonly status: (text: string) => Effect.Effect<void>
}

/** How a prompt is made. */
export interface PromptOptions {
  readonly input: NodeJS.ReadStream
  readonly output: WriteStream
  /** The newest first. */
  readonly history: ReadonlyArray<string>
  readonly completions: ReadonlyArray<string>
  /** Ctrl-C on an empty line; on another one it empties the line. */
  readonly onInterrupt: () => void
}

/** A prompt, for the life of the scope. */
export const prompt = (options: PromptOptions): Effect.Effect<Prompt, never, Scope.Scope> =>
  Effect.gen(function*() {
    const { output } = options
    const queue = yield* Queue.unbounded<string, Cause.Done>()
    const context = yield* Effect.context<never>()
    const editor = yield* Effect.acquireRelease(
      Effect.sync(() => new Editor(options)),
      (editor) => Effect.sync(() => editor.close())
    )
    editor.lines.on("line", (line) => {
      editor.forget()
      Queue.offerUnsafe(queue, line)
    })
    editor.lines.on("close", () => Effect.runForkWith(context)(Queue.end(queue)))
    return {
      lines: queue,
      above: (write) =>
        Effect.acquireUseRelease(
          Effect.sync(() => editor.hide()),
          () => write,
          () => Effect.sync(() => editor.show())
        ),
      status: (text) => Effect.sync(() => editor.status(text, output))
    }
  })

class Editor {
  readonly lines: readline.Interface
  private readonly output: WriteStream
  private hidden = 0
  private closed = false
  private prompt = "> "
  /** Rows that the line took when it was entered. */
  private entered = 0
  private readonly onKey: (text: string | undefined, key: readline.Key) => void
  private readonly input: NodeJS.ReadStream

  constructor({ completions, history, input, onInterrupt, output }: PromptOptions) {
    this.output = output
    this.input = input
    this.lines = readline.createInterface({
      input,
      output,
      terminal: true,
      history: [...history],
      historySize: 1000,
      removeHistoryDuplicates: true,
      prompt: this.prompt,
      completer: (
        line: string
      ) => [line.startsWith("/") ? completions.filter((name) => name.startsWith(line)) : [], line]
    })
    // Before readline's own listener: afterwards it has forgotten how long the line was.
    this.onKey = (_, key) => {
      this.settle()
      if (key.name !== "return" && key.name !== "enter") return
      Object.assign(this.lines, { cursor: this.lines.line.length })
      this.entered = this.lines.getCursorPos().rows
    }
    input.prependListener("keypress", this.onKey)
    this.lines.on("SIGINT", () => {
      if (this.lines.line === "") return onInterrupt()
      Object.assign(this.lines, { cursor: this.lines.line.length })
      this.lines.write(null, { ctrl: true, name: "u" })
    })
    // By Ctrl-D, or by us: the line that stands there is of no use any more.
    this.lines.on("close", () => {
      if (this.hidden === 0) this.erase()
      this.closed = true
    })
    this.lines.prompt()
  }

  /** Takes the line that was entered off the screen: it is shown again as what was sent. */
  forget(): void {
    readline.moveCursor(this.output, 0, -(this.entered + 1))
    readline.cursorTo(this.output, 0)
    readline.clearScreenDown(this.output)
    if (this.hidden === 0) this.lines.prompt()
  }

  hide(): void {
    if (this.hidden++ === 0 && !this.closed) this.erase()
  }

  private erase(): void {
    readline.moveCursor(this.output, 0, -this.lines.getCursorPos().rows)
    readline.cursorTo(this.output, 0)
    readline.clearScreenDown(this.output)
  }

  show(): void {
    // readline remembers on which row the cursor was, and would clear those above.
    if (--this.hidden > 0 || this.closed) return
    Object.assign(this.lines, { prevRows: 0 })
    this.lines.prompt(true)
  }

  status(text: string, output: WriteStream): void {
    if (text === this.prompt || this.closed) return
    this.prompt = text
    this.settle()
    this.lines.setPrompt(text)
    if (this.hidden === 0 && output.writableLength === 0) this.lines.prompt(true)
  }

  /** readline does not learn on which row the cursor is while a line grows into the next one, and would not clear those above. */
  private settle(): void {
    if (this.hidden === 0) Object.assign(this.lines, { prevRows: this.lines.getCursorPos().rows })
  }

  close(): void {
    this.input.off("keypress", this.onKey)
    this.lines.close()
  }
}
