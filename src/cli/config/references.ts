/**
 * What names in `to` and `from` stand for: sinks of the config, the standard
 * streams, other connections.
 */
import { fingerprint } from "./fingerprint.ts"
import { fill, type Member } from "./inherit.ts"
import type { Path, Problem } from "./problem.ts"
import { programName } from "./programName.ts"
import type { ConnectionPlan, SinkPlan, SourcePlan } from "./RunConfig.ts"
import type { ConfigFile, Sink, Source } from "./schema.ts"
import { suggest } from "./suggestion.ts"
import { withoutSecrets } from "./understood.ts"

/** Where each connection's messages go and come from, and which names lead nowhere. */
export const references = (
  config: ConfigFile,
  all: ReadonlyArray<Member>,
  absolute: (path: string) => string
): {
  readonly problems: ReadonlyArray<Problem>
  readonly resolve: (member: Member) => Pick<ConnectionPlan, "to" | "from">
} => {
  const sinks = config.sinks ?? {}
  const connections = new Set(all.map(({ name }) => name))
  const problems: Array<Problem> = []
  const readers = new Set<string>()

  const sinkOf = (reference: string | Sink, name: string): SinkPlan | undefined => {
    const found = typeof reference !== "string"
      ? reference
      : Object.hasOwn(sinks, reference)
      ? sinks[reference]
      : reference === "stdout"
      ? { type: "stdout" as const }
      : undefined
    if (found === undefined) return undefined
    const filled = fill(found, { name }) as Sink
    const sink = filled.type === "file" ? { ...filled, path: absolute(filled.path) } : filled
    return {
      key: `${sink.type}:${fingerprint(sink)}`,
      name: typeof reference === "string" ? reference : sinkName(sink),
      sink
    }
  }

  const sourceOf = (reference: string | Source, name: string): SourcePlan | undefined => {
    const found = typeof reference !== "string"
      ? reference
      : reference === "stdin"
      ? { type: "stdin" as const }
      : undefined
    if (found === undefined) return undefined
    const filled = fill(found, { name }) as Source
    const source = "path" in filled ? { ...filled, path: absolute(filled.path) } : filled
    return { name: sourceName(source), source }
  }

  for (const { keys, name, section } of all) {
    for (const [index, reference] of (keys.to ?? []).entries()) {
      const path: Path = ["connections", section, "to", index]
      const sink = sinkOf(reference, name)?.sink
      if (sink === undefined) {
        const names = [...new Set(["stdout", ...Object.keys(sinks)])]
        problems.push({
          path,
          sentence: `names no sink: ${JSON.stringify(reference)}; ${suggest(written(reference), names)}`
        })
      } else if (sink.type === "connection" && !connections.has(sink.connection)) {
        problems.push({
          path,
          sentence: `names no connection: ${JSON.stringify(sink.connection)}; ${
            suggest(sink.connection, [...connections])
          }`
        })
      } else if (sink.type === "connection" && sink.connection === name) {
        problems.push({ path, sentence: "sends the connection's messages back to itself; name another one" })
      }
    }
    for (const [index, reference] of (keys.from ?? []).entries()) {
      const path: Path = ["connections", section, "from", index]
      const source = sourceOf(reference, name)?.source
      if (source === undefined) {
        problems.push({
          path,
          sentence: `names no source: ${JSON.stringify(reference)}; ${suggest(written(reference), ["stdin"])}`
        })
        continue
      }
      // What one reads, the other misses.
      const exclusive = source.type === "stdin" ? "stdin" : source.type === "fifo" ? source.path : undefined
      if (exclusive === undefined) continue
      if (readers.has(exclusive)) {
        problems.push({
          path,
          sentence: `reads ${exclusive}, which another connection reads already; each line reaches one only`
        })
      }
      readers.add(exclusive)
    }
  }
  return {
    problems,
    resolve: ({ keys, name }) => ({
      to: (keys.to ?? []).flatMap((reference) => sinkOf(reference, name) ?? []),
      from: (keys.from ?? []).flatMap((reference) => sourceOf(reference, name) ?? [])
    })
  }
}

const sinkName = (sink: Sink): string => {
  switch (sink.type) {
    case "stdout":
      return "stdout"
    case "file":
      return sink.path
    case "command":
    case "pipe":
      return `${sink.type} ${programName(sink.command)}`
    case "http":
    case "websocket":
      return typeof sink.url === "string" ? withoutSecrets(sink.url) : sink.type
    case "connection":
      return `connection ${sink.connection}`
  }
}

const sourceName = (source: Source): string => {
  switch (source.type) {
    case "stdin":
      return "stdin"
    case "file":
    case "fifo":
      return source.path
    case "command":
      return `command ${programName(source.command)}`
  }
}

// A group always leads somewhere; only a name can be wrong.
const written = (reference: string | Sink | Source): string =>
  typeof reference === "string" ? reference : reference.type
