/**
 * What `holdfast run` does.
 */
import * as Effect from "effect/Effect"
import * as Address from "../address.ts"
import { load } from "../config/load.ts"
import type { RunConfig } from "../config/RunConfig.ts"
import { placeIn, runtimeFolders, surroundings } from "../daemon/place.ts"
import type { CliFailure } from "../failure.ts"
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
  if (http !== undefined) yield* Address.fromHttpFlag(http)
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
