// Config files that exist in memory only, and what is said of them.
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Path from "effect/Path"
import { systemError } from "effect/PlatformError"
import { load } from "../../src/cli/config/load.ts"
import type { RunConfig } from "../../src/cli/config/RunConfig.ts"
import { Environment } from "../../src/cli/config/substitute.ts"
import type { CliFailure } from "../../src/cli/failure.ts"

export interface Around {
  readonly environment?: Readonly<Record<string, string>>
  /** By absolute path. */
  readonly files?: Readonly<Record<string, string>>
}

export const layerFiles = (files: Readonly<Record<string, string>>): Layer.Layer<FileSystem.FileSystem | Path.Path> =>
  Layer.merge(
    FileSystem.layerNoop({
      readFileString: (path) => {
        const text = files[path]
        return text === undefined
          ? Effect.fail(
            systemError({ _tag: "NotFound", module: "FileSystem", method: "readFile", pathOrDescriptor: path })
          )
          : Effect.succeed(text)
      }
    }),
    Path.layer
  )

/** Loads the text as the file of this name in `/etc/holdfast`. */
export const loadText = (name: string, text: string, around: Around = {}): Effect.Effect<RunConfig, CliFailure> =>
  load(`/etc/holdfast/${name}`).pipe(
    Effect.provide(layerFiles({ ...around.files, [`/etc/holdfast/${name}`]: text })),
    Effect.provideService(Environment, around.environment ?? {})
  )

/** What is said of a text that is wrong, without the folder; each mistake is a line. */
export const mistakes = (
  name: string,
  text: string,
  around?: Around
): Effect.Effect<ReadonlyArray<string>, RunConfig> =>
  Effect.map(
    Effect.flip(loadText(name, text, around)),
    ({ message }) => message.replaceAll("/etc/holdfast/", "").split("\n")
  )
