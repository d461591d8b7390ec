/**
 * Asks for a passphrase on the terminal, unseen; on stderr, since stdout is for
 * data.
 */
import * as Prompt from "effect/cli/Prompt"
import * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import * as Terminal from "effect/Terminal"
import { isatty } from "node:tty"
import { type CliFailure, failure } from "./failure.ts"

/** Fails with exit `usage` where there is no terminal, or no answer. */
export const askPassphrase: Effect.Effect<Redacted.Redacted, CliFailure, Prompt.Environment> = Effect.gen(function*() {
  if (!isatty(0) || !isatty(2)) {
    return yield* failure(
      "usage",
      "--ask-passphrase needs a terminal, and there is none.",
      "Give --passphrase-env with the name of an environment variable."
    )
  }
  const terminal = yield* Terminal.Terminal
  const onStderr = Terminal.make({
    ...terminal,
    display: (text) => Effect.sync(() => void process.stderr.write(text))
  })
  return yield* Prompt.Password({ message: "Passphrase" }).pipe(
    Prompt.run,
    Effect.provideService(Terminal.Terminal, onStderr),
    Effect.mapError(() => failure("usage", "No passphrase was given."))
  )
})
