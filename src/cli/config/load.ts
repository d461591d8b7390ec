/**
 * Reads a config file: text, data, what stands elsewhere, the Schema, defaults,
 * and what only the whole can tell. All mistakes are told at once.
 */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as PathModule from "effect/Path"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { type CliFailure, failure } from "../failure.ts"
import { checkMember } from "./checks.ts"
import { connectionOptions } from "./connectionOptions.ts"
import { fingerprint } from "./fingerprint.ts"
import { members } from "./inherit.ts"
import { problemsOf } from "./issues.ts"
import { parse } from "./parse.ts"
import { configFailure, formatPath, type Problem } from "./problem.ts"
import { references } from "./references.ts"
import type { RunConfig } from "./RunConfig.ts"
import { ConfigFile } from "./schema.ts"
import { settingsOf } from "./settings.ts"
import { substitute } from "./substitute.ts"
import { understood } from "./understood.ts"

const decode = Schema.decodeUnknownResult(ConfigFile, { errors: "all", onExcessProperty: "error" })

/** What the file says. Fails with exit `config` and a line for each mistake. */
export const load = Effect.fnUntraced(function*(
  file: string
): Effect.fn.Return<RunConfig, CliFailure, FileSystem.FileSystem | PathModule.Path> {
  const files = yield* FileSystem.FileSystem
  const paths = yield* PathModule.Path
  const absolute = paths.resolve(file)
  const folder = paths.dirname(absolute)
  const text = yield* Effect.mapError(files.readFileString(absolute), (error) =>
    failure(
      "config",
      error.reason._tag === "NotFound" ? `There is no file ${file}.` : `${file} cannot be read: ${error.message}`
    ))
  const { locate, value } = yield* Effect.fromResult(parse(file, text))
  const substituted = yield* substitute(value, folder)
  const fail = (problems: ReadonlyArray<Problem>) => Effect.fail(configFailure(file, problems, locate))

  const decoded = decode(substituted.value)
  if (Result.isFailure(decoded)) {
    // Of what could not be had, nothing else is said.
    const missing = new Set(substituted.problems.map(({ path }) => formatPath(path)))
    const others = problemsOf(decoded.failure.issue, substituted.value)
    return yield* fail([...substituted.problems, ...others.filter(({ path }) => !missing.has(formatPath(path)))])
  }
  const config = decoded.success
  if (substituted.problems.length > 0) return yield* fail(substituted.problems)

  const { members: all, problems: names } = members(config.defaults ?? {}, config.connections)
  const { problems: unresolved, resolve } = references(config, all, (path) => paths.resolve(folder, path))
  const settings = settingsOf(config, (path) => paths.resolve(folder, path))
  const problems = [...names, ...unresolved, ...settings.problems]
  if (all.length === 0) {
    problems.push({ path: ["connections"], sentence: "is empty; name at least one connection" })
  }
  const plans = yield* Effect.forEach(all, (member) =>
    Effect.gen(function*() {
      const { name, keys } = member
      const options = connectionOptions(keys)
      problems.push(...(yield* checkMember(member, options)))
      const ends = resolve(member)
      const definition = { ...keys, to: ends.to.map(({ key }) => key), from: ends.from }
      return {
        name,
        fingerprint: fingerprint(definition),
        options,
        ...ends,
        understood: understood(keys) as { readonly [key: string]: unknown }
      }
    }))
  if (problems.length > 0) return yield* fail(problems)
  return {
    file: absolute,
    name: config.name ?? paths.basename(absolute, paths.extname(absolute)),
    settings: settings.settings,
    plans
  }
})
