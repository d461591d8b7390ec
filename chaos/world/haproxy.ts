// A real HAProxy in front of the server.
import { Effect, type Scope } from "effect"
import { writeFileSync } from "node:fs"
import { folder } from "./folder.ts"
import * as Processes from "./processes.ts"
import { type Proxy, relaunched } from "./proxy.ts"

export interface Options {
  readonly upstream: number
  /** How long a tunnel may be silent. Default: 1 minute. */
  readonly tunnel?: string
  /** Further lines for the frontend. */
  readonly frontend?: string
}

const configuration = (
  directory: string,
  port: number,
  { frontend = "", tunnel = "1m", upstream }: Options
): string => `
global
  hard-stop-after 1s
  stats socket ${directory}/admin.sock mode 600 level admin expose-fd listeners
defaults
  mode http
  timeout connect 500ms
  timeout client 5s
  timeout server 5s
  timeout tunnel ${tunnel}
frontend front
  bind 127.0.0.1:${port}
${frontend}
  default_backend back
backend back
  server feed 127.0.0.1:${upstream}
`

export const start = (options: Options): Effect.Effect<Proxy, never, Scope.Scope> =>
  Effect.gen(function*() {
    const directory = yield* folder
    const port = yield* Processes.freePort
    const file = `${directory}/haproxy.cfg`
    writeFileSync(file, configuration(directory, port, options))
    return yield* relaunched(port, "SIGUSR2", Processes.start("haproxy", ["-W", "-db", "-f", file]))
  })
