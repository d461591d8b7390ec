// What sinks and sources of `run` need, in the test's own process: real files, processes and sockets; notes are kept.
import * as NodeChildProcessSpawner from "@effect/platform-node/NodeChildProcessSpawner"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodePath from "@effect/platform-node/NodePath"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as Stdio from "effect/Stdio"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { CliFailure } from "../../src/cli/failure.ts"
import { Output } from "../../src/cli/output.ts"
import type { Delivery } from "../../src/cli/run/delivery.ts"
import { type Tools, Workshop } from "../../src/cli/run/workshop.ts"
import type { Message } from "../../src/Link.ts"
import { Notice } from "./notice.ts"

export interface Workbench {
  readonly tools: Layer.Layer<Tools>
  /** A folder of its own, gone when the scope closes. */
  readonly folder: string
  readonly notes: ReadonlyArray<string>
  /** Waits for a note that has this. */
  readonly noted: (text: string) => Effect.Effect<string>
  readonly stdout: () => string
  /** Why somebody said that the whole cannot go on. */
  readonly givenUp: ReadonlyArray<CliFailure>
  /** What was sent to other connections. */
  readonly sent: ReadonlyArray<readonly [connection: string, message: Message]>
  readonly reopen: () => void
  readonly notice: Notice
}

/** A folder of the test's own. */
export const folder: Effect.Effect<string, never, Scope.Scope> = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "holdfast-run-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)

export const make = (
  options: {
    readonly json?: boolean
    /** Whether stdout is one. */
    readonly terminal?: boolean
    readonly write?: Output["Service"]["write"]
  } = {}
): Effect.Effect<Workbench, never, Scope.Scope> =>
  Effect.gen(function*() {
    const notice = new Notice()
    const notes: Array<string> = []
    const givenUp: Array<CliFailure> = []
    const sent: Array<readonly [string, Message]> = []
    const reopeners = new Set<() => void>()
    let stdout = ""
    const output = Output.of({
      json: options.json ?? false,
      level: "debug",
      terminal: { stdout: options.terminal ?? false, stderr: false },
      write: options.write ?? ((chunk) =>
        Effect.sync(() => {
          stdout += Buffer.from(chunk as string).toString()
          notice.notify()
        })),
      data: () => Effect.void,
      note: (level, _event, message) =>
        Effect.sync(() => {
          notes.push(`${level}: ${message}`)
          notice.notify()
        }),
      paint: (_style, text) => text
    })
    const workshop = Workshop.of({
      send: (connection, message) =>
        Effect.sync(() => {
          sent.push([connection, message])
          notice.notify()
        }),
      giveUp: (cause) => Effect.sync(() => void givenUp.push(cause)),
      onReopen: (reopen) => {
        reopeners.add(reopen)
        return () => reopeners.delete(reopen)
      }
    })
    const files = Layer.merge(NodeFileSystem.layer, NodePath.layer)
    return {
      tools: Layer.mergeAll(
        Layer.succeed(Output)(output),
        Layer.succeed(Workshop)(workshop),
        FetchHttpClient.layer,
        Stdio.layerTest({}),
        files,
        Layer.provide(NodeChildProcessSpawner.layer, files)
      ),
      folder: yield* folder,
      notes,
      noted: (text) => notice.when(() => notes.find((note) => note.includes(text))),
      stdout: () => stdout,
      givenUp,
      sent,
      reopen: () => reopeners.forEach((reopen) => reopen()),
      notice
    }
  })

/** Messages of a connection "feed", on their way. */
export const deliveries = (...messages: ReadonlyArray<Message>): ReadonlyArray<Delivery> =>
  messages.map((message) => ({ connection: "feed", at: Date.UTC(2026, 0, 1), session: 3, message }))

/** Looks again and again until it finds something: for what the system does beside us. */
export const eventually = <A>(look: () => A | undefined): Effect.Effect<A> =>
  Effect.suspend(() => {
    const found = look()
    return found === undefined ? Effect.andThen(Effect.sleep(10), eventually(look)) : Effect.succeed(found)
  })
