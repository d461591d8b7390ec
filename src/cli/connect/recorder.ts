/**
 * `--record FILE`: writes every frame down, with its time.
 */
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import { closeSync, openSync, writeSync } from "node:fs"
import type { ConnectionError } from "../../ConnectionError.ts"
import { type CliFailure, failure } from "../failure.ts"
import type { Entry, Head } from "../recording/Recording.ts"
import { base64 } from "./printer.ts"
import type { Watcher } from "./watchedTransport.ts"

/** Lines that are written at once. */
const most = 64 * 1024

/** A watcher that records, and the failure to write, should it come. */
export interface Recorder {
  readonly watcher: Watcher
  /** Fails when the file cannot be written. */
  readonly failed: Effect.Effect<never, CliFailure>
}

/** What to write at the end of a session. */
export const ending = (at: number, error: ConnectionError): Entry => {
  const { reason } = error
  return "code" in reason && "initiator" in reason
    ? {
      at,
      direction: reason.initiator === "self" ? "sent" : "received",
      kind: "close",
      code: reason.code,
      reason: reason.closeReason
    }
    : { at, kind: "lost", reason: reason._tag }
}

/** Records into a file of its own, for the life of the scope. A file that is there is replaced. */
export const recorder = (
  file: string,
  endpoint: string
): Effect.Effect<Recorder, CliFailure, Scope.Scope> =>
  Effect.gen(function*() {
    const clock = yield* Clock.clockWith(Effect.succeed)
    const failed = yield* Deferred.make<never, CliFailure>()
    // Frames are told inside the socket's callback, where nobody can wait for a disk: written at once, they cannot pile up.
    const descriptor = yield* Effect.acquireRelease(
      Effect.try({ try: () => openSync(file, "w", 0o600), catch: (error) => unwritable(file, error) }),
      (descriptor) => Effect.sync(() => closeSync(descriptor))
    )
    let lines: Array<string> = []
    let size = 0
    let broken = false
    const write = () => {
      if (lines.length === 0 || broken) return
      const text = `${lines.join("\n")}\n`
      lines = []
      size = 0
      try {
        writeFully(descriptor, Buffer.from(text))
      } catch (error) {
        broken = true
        Deferred.doneUnsafe(failed, Effect.fail(unwritable(file, error)))
      }
    }
    const add = (line: Head | Entry) => {
      const text = JSON.stringify(line)
      lines.push(text)
      size += text.length
      if (size >= most) write()
    }
    const begun = clock.monotonicTimeNanosUnsafe()
    const at = () => Math.round(Number(clock.monotonicTimeNanosUnsafe() - begun) / 1e3) / 1e3

    add({
      holdfast: "recording/1",
      startedAt: DateTime.formatIso(DateTime.makeUnsafe(clock.currentTimeMillisUnsafe())),
      endpoint
    })
    write()
    yield* Effect.addFinalizer(() => Effect.sync(write))
    yield* Effect.forkScoped(Effect.forever(Effect.andThen(Effect.sleep("200 millis"), Effect.sync(write))))
    return {
      failed: Deferred.await(failed),
      watcher: {
        opened: ({ subprotocol }) =>
          add({
            at: at(),
            kind: "open",
            ...Option.match(subprotocol, { onNone: () => ({}), onSome: (subprotocol) => ({ subprotocol }) })
          }),
        message: (direction, message) =>
          add(
            typeof message === "string"
              ? { at: at(), direction, kind: "text", data: message }
              : { at: at(), direction, kind: "binary", base64: base64(message) }
          ),
        control: (direction, kind, payload) => add({ at: at(), direction, kind, base64: base64(payload) }),
        ended: (error) => {
          add(ending(at(), error))
          write()
        }
      }
    }
  })

const writeFully = (descriptor: number, bytes: Uint8Array): void => {
  for (let written = 0; written < bytes.length;) written += writeSync(descriptor, bytes, written)
}

const unwritable = (file: string, error: unknown): CliFailure =>
  failure(
    "output",
    `--record: ${file} cannot be written: ${error instanceof Error ? error.message : String(error)}`,
    "Check the folder, the disk's free space and permissions."
  )
