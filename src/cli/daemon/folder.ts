/**
 * The folder of the control sockets: ours, and nobody else may write in it.
 */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import type { PlatformError } from "effect/PlatformError"
import { userInfo } from "node:os"
import { type CliFailure, failure } from "../failure.ts"

/** Makes it where it is missing, 0700. One that is there is used as it is, or refused. */
export const prepare = (folder: string): Effect.Effect<void, CliFailure, FileSystem.FileSystem> =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    yield* fs.makeDirectory(folder, { recursive: true, mode: 0o700 })
    const { mode, type, uid } = yield* fs.stat(folder)
    if (type !== "Directory") return yield* Effect.fail(unusable(folder, "it is no folder"))
    const owner = uid._tag === "Some" ? uid.value : undefined
    const us = userInfo().uid
    if (owner !== undefined && us !== -1 && owner !== us) {
      return yield* Effect.fail(unusable(folder, `it belongs to user ${owner}`))
    }
    // Who may write in it could put a socket of his own in the place of ours.
    if ((mode & 0o022) !== 0) return yield* Effect.fail(unusable(folder, "others may write in it"))
  }).pipe(Effect.catchTag("PlatformError", (error) => Effect.fail(unusable(folder, words(error)))))

const unusable = (folder: string, why: string): CliFailure =>
  failure(
    "output",
    `The folder ${folder} cannot be used for control sockets: ${why}.`,
    "Choose another one with --runtime-dir or HOLDFAST_RUNTIME_DIR; a new one is made with the right permissions."
  )

const words = (error: PlatformError): string => {
  switch (error.reason._tag) {
    case "PermissionDenied":
      return "permission denied"
    case "AlreadyExists":
      return "it is no folder"
    default:
      return error.reason.message
  }
}
