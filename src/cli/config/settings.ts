/**
 * What a config says beside its connections.
 */
import * as Redacted from "effect/Redacted"
import * as Address from "../address.ts"
import type { Problem } from "./problem.ts"
import { bytesOf, millisOf } from "./quantities.ts"
import type { Settings } from "./RunConfig.ts"
import type { ConfigFile } from "./schema.ts"

/** The settings, and what is wrong with them; `absolute` resolves a path from the config's folder. */
export const settingsOf = (
  config: ConfigFile,
  absolute: (path: string) => string
): { readonly settings: Settings; readonly problems: ReadonlyArray<Problem> } => {
  const problems: Array<Problem> = []
  const { daemon, http, log } = config
  const address = http === undefined ? undefined : Address.parse(http.listen)
  if (http !== undefined && address === undefined) {
    problems.push({
      path: ["http", "listen"],
      sentence: `must be HOST:PORT, such as "127.0.0.1:9464"; got ${JSON.stringify(http.listen)}`
    })
  }
  const { restart } = daemon ?? {}
  return {
    problems,
    settings: {
      http: address === undefined ? undefined : {
        ...address,
        token: http?.token === undefined || Redacted.isRedacted(http.token) ? http?.token : Redacted.make(http.token)
      },
      log: log === undefined ? undefined : {
        file: log.file === undefined ? undefined : absolute(log.file),
        maxSize: log.maxSize === undefined ? undefined : bytesOf(log.maxSize),
        maxFiles: log.maxFiles
      },
      daemon: daemon === undefined ? undefined : {
        folder: daemon.folder === undefined ? undefined : absolute(daemon.folder),
        wait: millis(daemon.wait),
        restart: restart === undefined ? undefined : {
          limit: restart.limit,
          within: millis(restart.within),
          first: millis(restart.first),
          cap: millis(restart.cap)
        }
      }
    }
  }
}

const millis = (text: string | undefined): number | undefined => text === undefined ? undefined : millisOf(text)
