/**
 * `holdfast unit`: a unit for a config that was found to be right.
 */
import * as Effect from "effect/Effect"
import * as Path from "effect/Path"
import { load } from "../config/load.ts"
import { Output } from "../output.ts"
import { unit } from "./unit.ts"

/** Prints the unit; how to install it is said beside it. */
export const printUnit = Effect.fnUntraced(function*(input: { readonly config: string; readonly user: boolean }) {
  const output = yield* Output
  const path = yield* Path.Path
  const config = yield* load(input.config)
  const text = unit({
    name: config.name,
    // This very program; under another name, or moved, it would not be found again.
    command: [process.execPath, path.resolve(process.argv[1] ?? ""), "run", config.file],
    user: input.user
  })
  yield* output.data(text.trimEnd(), { name: `${config.name}.service`, unit: text })
  const [folder, manager] = input.user
    ? ["~/.config/systemd/user", "systemctl --user"]
    : ["/etc/systemd/system", "systemctl"]
  yield* output.note(
    "info",
    "advice",
    `Write it to ${folder}/${config.name}.service, then: ${manager} daemon-reload && ${manager} enable --now ${config.name}`
  )
})
