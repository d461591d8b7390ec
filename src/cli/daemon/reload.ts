/**
 * `holdfast reload`: the daemon reads its config again.
 */
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import type * as Path from "effect/Path"
import type { CliFailure } from "../failure.ts"
import { Output } from "../output.ts"
import { ask } from "./controlClient.ts"
import { find } from "./daemons.ts"
import type { Reply } from "./protocol.ts"

/** What `reload` is told. */
export interface ReloadInput {
  readonly target: string
  readonly runtimeDir: string | undefined
}

/** Starting and closing connections takes as long as their close handshakes. */
const patience = 120_000

/** Only changed connections are touched; a config that is broken changes nothing. */
export const reload = ({ runtimeDir, target }: ReloadInput): Effect.Effect<
  void,
  CliFailure,
  FileSystem.FileSystem | Path.Path | Output
> =>
  Effect.gen(function*() {
    const output = yield* Output
    const { place } = yield* find(target, runtimeDir)
    const applied = yield* ask(place, { _tag: "Reload" }, patience)
    yield* output.data(describe(applied), applied)
  })

/** What was done, in words. */
export const describe = (applied: Reply<"Reload">): string => {
  const parts = (["added", "changed", "removed", "unchanged"] as const)
    .filter((what) => applied[what].length > 0)
    .map((what) => `${what}: ${names(applied[what])}`)
  return parts.length === 0 ? "There are no connections." : parts.join("\n")
}

const names = (list: ReadonlyArray<string>): string =>
  list.length <= 10 ? list.join(", ") : `${list.slice(0, 10).join(", ")} and ${list.length - 10} more`
