// A folder for configurations and sockets, for the life of a scope.
import { Effect, type Scope } from "effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

export const folder: Effect.Effect<string, never, Scope.Scope> = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "holdfast-chaos-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)
