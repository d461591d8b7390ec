// A real nginx in front of the server.
import { Effect, type Scope } from "effect"
import { writeFileSync } from "node:fs"
import { folder } from "./folder.ts"
import * as Processes from "./processes.ts"
import { type Proxy, relaunched } from "./proxy.ts"

export interface Options {
  readonly upstream: number
  /** Directives for the location, in place of the common ones. */
  readonly location?: string
  /** Further directives for the location. */
  readonly more?: string
}

const proxied = (upstream: number): string =>
  `proxy_pass http://127.0.0.1:${upstream};
      proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection "upgrade";
      proxy_connect_timeout 500ms;`

const configuration = (directory: string, port: number, options: Options): string => `
${process.getuid?.() === 0 ? "user root;" : ""}
daemon off;
worker_processes 1;
worker_shutdown_timeout 1s;
pid ${directory}/nginx.pid;
error_log ${directory}/error.log;
events { worker_connections 256; }
http {
  access_log off;
  ${
  ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `${name}_temp_path ${directory}/${name};`)
    .join(" ")
}
  server {
    listen 127.0.0.1:${port};
    location / {
      ${options.location ?? proxied(options.upstream)}
      ${options.more ?? ""}
    }
  }
}
`

export const start = (options: Options): Effect.Effect<Proxy, never, Scope.Scope> =>
  Effect.gen(function*() {
    const directory = yield* folder
    const port = yield* Processes.freePort
    const file = `${directory}/nginx.conf`
    writeFileSync(file, configuration(directory, port, options))
    return yield* relaunched(
      port,
      "SIGHUP",
      Processes.start("nginx", ["-p", directory, "-e", `${directory}/error.log`, "-c", file])
    )
  })
