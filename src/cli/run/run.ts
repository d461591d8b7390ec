/**
 * What `holdfast run` does.
 */
import * as Effect from "effect/Effect"
import { load } from "../config/load.ts"
import type { RunConfig } from "../config/RunConfig.ts"
import { addressOf } from "../config/settings.ts"
import { placeIn, runtimeFolders, surroundings } from "../daemon/place.ts"
import { type CliFailure, failure } from "../failure.ts"
import { chosen } from "./chosen.ts"
import { describe } from "./described.ts"
import { service, type ServiceNeeds } from "./service.ts"

export interface RunInput {
  readonly file: string
  readonly check: boolean
  readonly connections: ReadonlyArray<string>
  readonly control: boolean
  readonly http: string | undefined
}

/** Checks the config, or keeps its connections alive. */
export const run = Effect.fnUntraced(function*(
  { check, connections, control, file, http }: RunInput
): Effect.fn.Return<void, CliFailure, ServiceNeeds> {
  if (http !== undefined && addressOf(http) === undefined) {
    return yield* failure("usage", `--http must be HOST:PORT, such as 127.0.0.1:9464; got ${JSON.stringify(http)}`)
  }
  const config = yield* load(file)
  if (!check) {
    return yield* service(config, { http, connections, control: control ? controlSocket(config) : undefined })
  }
  yield* describe(config, yield* chosen(config, connections))
})

/** Where a daemon of this config would be asked, too: of one name there is one. */
const controlSocket = ({ name, settings }: RunConfig): string => {
  const [folder] = runtimeFolders(surroundings(), { config: settings.daemon?.folder })
  return placeIn(folder, name).socket
}
