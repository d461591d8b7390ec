// What a command's flags mean, without a process, a terminal or a disk.
import * as CliOutput from "effect/cli/CliOutput"
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Path from "effect/Path"
import * as PlatformError from "effect/PlatformError"
import { ChildProcessSpawner } from "effect/process/ChildProcessSpawner"
import * as Ref from "effect/Ref"
import * as Stdio from "effect/Stdio"
import * as Terminal from "effect/Terminal"

/** A disk that has these files. */
export const files = (contents: Readonly<Record<string, string>>): Layer.Layer<FileSystem.FileSystem> =>
  FileSystem.layerNoop({
    readFile: (path) => {
      const content = contents[path]
      return content === undefined
        ? Effect.fail(PlatformError.systemError({ _tag: "NotFound", module: "FileSystem", method: "readFile" }))
        : Effect.succeed(new TextEncoder().encode(content))
    }
  })

/** What commands need, with nothing behind it but these files. */
export const surroundings = (contents: Readonly<Record<string, string>> = {}) =>
  Layer.mergeAll(
    files(contents),
    Path.layer,
    Stdio.layerTest({}),
    Layer.mock(ChildProcessSpawner)({}),
    CliOutput.layerPresenter({ present: () => Effect.void }),
    Layer.succeed(
      Terminal.Terminal,
      Terminal.make({
        columns: Effect.succeed(80),
        rows: Effect.succeed(24),
        size: Effect.die("never resized"),
        readInput: Effect.die("nobody types"),
        readLine: Effect.die("nobody types"),
        display: () => Effect.void
      })
    )
  )

/** What these arguments mean for a command with this config. */
export const parsed = <const Config extends Command.Command.Config>(
  config: Config,
  args: ReadonlyArray<string>
): Effect.Effect<Command.Command.Config.Infer<Config>, unknown> =>
  Effect.gen(function*() {
    const got = yield* Ref.make<Command.Command.Config.Infer<Config> | undefined>(undefined)
    const command = Command.make("holdfast", config, (input) => Ref.set(got, input))
    yield* Command.runWith(command, { version: "0" })(args)
    const input = yield* Ref.get(got)
    return input === undefined ? yield* Effect.die(new Error("the handler did not run")) : input
  }).pipe(Effect.provide(surroundings()))
