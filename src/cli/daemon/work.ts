/**
 * The worker of a daemon: `run`, asked over a socket that it has inherited.
 */
import * as Effect from "effect/Effect"
import { load } from "../config/load.ts"
import type { CliFailure } from "../failure.ts"
import { service, type ServiceNeeds } from "../run/service.ts"
import { readOrder } from "./launch.ts"
import { controlDescriptor } from "./workerProcess.ts"

/** Keeps the connections of the config. */
export const work = Effect.fnUntraced(function*(argument: string): Effect.fn.Return<void, CliFailure, ServiceNeeds> {
  const { config, connections, http, name } = yield* readOrder(argument)
  process.title = `holdfast ${name}: worker`
  yield* service(yield* load(config), { http, connections, control: { inherited: controlDescriptor } })
})
