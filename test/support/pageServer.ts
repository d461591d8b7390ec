// The page's server over connections that only say that they are.
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import type { CliFailure } from "../../src/cli/failure.ts"
import { Fleet } from "../../src/cli/fleet/Fleet.ts"
import { serve, type ServeOptions } from "../../src/cli/page/server.ts"
import * as FakeFleet from "./fakeFleet.ts"

export const token = "a-token-of-some-length"

export interface PageServer extends FakeFleet.FakeFleet {
  readonly address: string
  /** The url of a path. */
  readonly url: (path: string) => string
}

/** Serves one connection, `feed`, for the life of the scope. */
export const start = (
  options: Partial<ServeOptions> = {}
): Effect.Effect<PageServer, CliFailure, Scope.Scope> =>
  Effect.gen(function*() {
    const fake = yield* FakeFleet.make
    fake.report("feed")
    const { address } = yield* serve({ host: "127.0.0.1", port: 0, token: undefined, ...options }).pipe(
      Effect.provideService(Fleet, fake.fleet)
    )
    return { ...fake, address, url: (path) => address.slice(0, -1) + path }
  })

/** The same with a token. */
export const startWithToken = start({ token: Redacted.make(token) })
