/**
 * Values that stand elsewhere: `${VARIABLES}` of the environment in texts, and
 * `{ file = … }` for secrets.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as PathModule from "effect/Path"
import * as Redacted from "effect/Redacted"
import type { Path, Problem } from "./problem.ts"

/** The environment; a test has its own. */
export const Environment = Context.Reference<Readonly<Record<string, string | undefined>>>(
  "holdfast/cli/config/Environment",
  { defaultValue: () => process.env }
)

/** The data with everything in its place, and what could not be had. */
export interface Substituted {
  readonly value: unknown
  readonly problems: ReadonlyArray<Problem>
}

/** Puts in what stands elsewhere; relative paths of secrets start in `folder`. */
export const substitute = Effect.fnUntraced(function*(
  data: unknown,
  folder: string
): Effect.fn.Return<Substituted, never, FileSystem.FileSystem | PathModule.Path> {
  const environment = yield* Environment
  const files = yield* FileSystem.FileSystem
  const paths = yield* PathModule.Path
  const problems: Array<Problem> = []
  // A secret that a thousand connections share is read once.
  const read = new Map<string, Redacted.Redacted | string>()

  const secret = Effect.fnUntraced(function*(file: string, path: Path) {
    const absolute = paths.resolve(folder, file)
    const found = read.get(absolute) ?? (yield* files.readFileString(absolute).pipe(
      // Editors and `echo` end a file with a line break, which no secret means.
      Effect.map((text) => Redacted.make(text.replace(/\r?\n$/, ""))),
      Effect.catch((error) => Effect.succeed(`cannot be read from ${absolute}: ${error.reason._tag}`))
    ))
    read.set(absolute, found)
    if (typeof found !== "string") return found
    problems.push({ path, sentence: found })
    // Stands in for what is missing, so that nothing else is said of it.
    return Redacted.make("missing")
  })

  const walk: (data: unknown, path: Path) => Effect.Effect<unknown> = Effect.fnUntraced(function*(data, path) {
    if (typeof data === "string") return expand(data, path, environment, problems)
    if (Array.isArray(data)) {
      return yield* Effect.forEach(data, (item, index) => walk(item, [...path, index]))
    }
    if (!isTable(data)) return data
    const entries: Array<[string, unknown]> = []
    for (const [key, value] of Object.entries(data)) {
      entries.push([key, yield* walk(value, [...path, key])])
    }
    const [only] = entries
    return entries.length === 1 && only?.[0] === "file" && typeof only[1] === "string" && !isGroup(path)
      ? yield* secret(only[1], path)
      : Object.fromEntries(entries)
  })
  return { value: yield* walk(data, []), problems }
})

/** The parser for TOML makes tables without a prototype; a date is none. */
const isTable = (data: unknown): data is Readonly<Record<string, unknown>> =>
  typeof data === "object" && data !== null && [Object.prototype, null].includes(Object.getPrototypeOf(data))

/** `[log]` has a `file` of its own, which is no secret. */
const isGroup = (path: Path): boolean => path.length === 1 && path[0] === "log"

const expand = (
  text: string,
  path: Path,
  environment: Readonly<Record<string, string | undefined>>,
  problems: Array<Problem>
): string =>
  text.replaceAll(/\$(\$\{)|\$\{([^}]*)(\}?)/g, (all, escaped: string | undefined, inner: string, closed: string) => {
    if (escaped !== undefined) return escaped
    const [, name, fallback] = /^([A-Za-z_]\w*)(?::-(.*))?$/s.exec(inner) ?? []
    if (name === undefined || closed === "") {
      problems.push({
        path,
        sentence: `has ${
          JSON.stringify(all)
        }, which names no variable; write \${NAME}, \${NAME:-default}, or $\${ for the text itself`
      })
      return ""
    }
    const value = environment[name]
    // As in a shell, `:-` also stands in for what is empty.
    if (value !== undefined && (value !== "" || fallback === undefined)) return value
    if (fallback !== undefined) return fallback
    problems.push({
      path,
      sentence: `needs the environment variable ${name}, which is not set; set it, or write \${${name}:-default}`
    })
    return ""
  })
