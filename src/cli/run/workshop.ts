/**
 * What sinks and sources share in one process: the ways out, and what other
 * parts ask of all of them.
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import type * as HttpClient from "effect/http/HttpClient"
import type * as Path from "effect/Path"
import type { ChildProcessSpawner } from "effect/process/ChildProcessSpawner"
import type * as Stdio from "effect/Stdio"
import type { ConnectionError } from "../../ConnectionError.ts"
import type { Message } from "../../Link.ts"
import type { CliFailure } from "../failure.ts"
import type { UnknownConnection } from "../fleet/Fleet.ts"
import type { Output } from "../output.ts"

/** What sinks and sources share in one process. */
export class Workshop extends Context.Service<Workshop, {
  /** Sends on another connection of the config. */
  readonly send: (connection: string, message: Message) => Effect.Effect<void, ConnectionError | UnknownConnection>
  /** Ends the whole: what was to be written to can never be again. */
  readonly giveUp: (cause: CliFailure) => Effect.Effect<void>
  /** Called when files are to be opened anew (SIGHUP). */
  readonly onReopen: (reopen: () => void) => () => void
}>()("holdfast/cli/run/Workshop") {}

/** What sinks and sources need. */
export type Tools =
  | Workshop
  | Output
  | FileSystem.FileSystem
  | Path.Path
  | ChildProcessSpawner
  | HttpClient.HttpClient
  | Stdio.Stdio
