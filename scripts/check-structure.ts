// What design.md and CONTRIBUTING.md say about where things are, as far as no other tool checks it.
import { globSync, readFileSync } from "node:fs"
import { dirname, join, normalize } from "node:path"

/** A module imports only modules of its own row or of rows above it. */
const rows: ReadonlyArray<ReadonlyArray<string>> = [
  ["CloseCode"],
  ["Recovery", "ConnectionError"],
  ["ConnectionStatus", "ConnectionEvent"],
  ["Link"],
  ["Handshake"],
  ["Transport"],
  ["Heartbeat"],
  ["Reconnect"],
  ["ConnectionMetrics"],
  ["Connection"],
  ["Codec", "Protocol", "Requests", "Subscriptions"]
]

interface Import {
  readonly specifier: string
  readonly typeOnly: boolean
}

/** Every violation in the project at `root`, a sentence each. */
export const violations = (root: string): ReadonlyArray<string> => {
  const read = (file: string) => readFileSync(join(root, file), "utf8")
  const glob = (...patterns: ReadonlyArray<string>) => globSync([...patterns], { cwd: root }).toSorted()
  const sources = new Map(glob("src/**/*.ts").map((file) => [file, importsOf(read(file))]))
  const tests = new Set(glob("test/**/*.test.ts"))
  return [
    ...missingTests([...sources.keys()], tests),
    ...wrongLayers(sources),
    ...wrongImports(sources),
    ...leftOpen(glob("src/**/*.ts", "test/**/*.ts", "examples/**/*.ts", "chaos/**/*.ts"), read)
  ]
}

const importsOf = (text: string): ReadonlyArray<Import> => [
  ...Array.from(text.matchAll(/^(?:import|export)\s+(type\s)?[^"';]*?\bfrom\s+"([^"]+)"/gm), (match) => ({
    specifier: match[2] ?? "",
    typeOnly: match[1] !== undefined
  })),
  ...Array.from(text.matchAll(/^import\s+"([^"]+)"|\bimport\("([^"]+)"\)/gm), (match) => ({
    specifier: match[1] ?? match[2] ?? "",
    typeOnly: false
  }))
]

const missingTests = (sources: ReadonlyArray<string>, tests: ReadonlySet<string>): ReadonlyArray<string> =>
  sources.filter((file) => !file.endsWith("/index.ts")).flatMap((file) => {
    const mirror = file.replace(/^src/, "test").replace(/\.ts$/, "")
    const tested = tests.has(`${mirror}.test.ts`) ||
      [...tests].some((test) => test.startsWith(`${mirror}.`) && !test.slice(mirror.length).includes("/"))
    return tested ? [] : [`${file} has no test beside it: ${mirror}.test.ts`]
  })

const folders = ["internal", "node", "testing", "cli", "msgpack", "outbox"] as const

const placeOf = (file: string): (typeof folders)[number] | "core" | "index" => {
  const folder = folders.find((name) => file.startsWith(`src/${name}/`))
  return folder ?? (file === "src/index.ts" ? "index" : "core")
}

const rowOf = (file: string): number => {
  const name = file.slice("src/".length, -".ts".length)
  return rows.findIndex((row) => row.includes(name))
}

const wrongLayers = (sources: ReadonlyMap<string, ReadonlyArray<Import>>): ReadonlyArray<string> => {
  const resolve = (file: string, { specifier }: Import) =>
    specifier.startsWith(".") ? normalize(join(dirname(file), specifier)) : undefined

  /** What a module reaches through src/internal at runtime: a detour is no way around a row. */
  const reached = (file: string, seen: Set<string>): ReadonlyArray<string> =>
    (sources.get(file) ?? []).flatMap((one) => {
      const target = resolve(file, one)
      if (target === undefined || one.typeOnly || seen.has(target)) return []
      seen.add(target)
      return placeOf(target) === "internal" ? reached(target, seen) : [target]
    })

  return [...sources].flatMap(([file, imports]) => {
    const place = placeOf(file)
    if (place === "core" && rowOf(file) === -1) {
      return [`${file} stands in no row of the table in scripts/check-structure.ts`]
    }
    return imports.flatMap((one) => {
      const target = resolve(file, one)
      if (target === undefined) return []
      const there = placeOf(target)
      const says = (sentence: string) => [`${file} imports ${target}: ${sentence}`]
      if (place === "core" && there === "core" && rowOf(target) > rowOf(file)) return says("it stands in a lower row")
      if (there === "index" && place !== "index") return says("inside the package, import the module itself")
      if (there === "cli" && place !== "cli") return says("nothing imports the command")
      if (there === "node" && place !== "node" && place !== "cli") return says("the core knows no Node")
      if (there === "msgpack" && place !== "msgpack") return says("msgpackr is an optional peer")
      if (there === "outbox" && place !== "outbox") return says("the outbox is opt-in")
      if (there === "testing" && place !== "testing") return says("the testing kit is for users' tests")
      if (place === "core" && there === "internal") {
        return reached(target, new Set([target]))
          .filter((through) => placeOf(through) === "core" && rowOf(through) > rowOf(file))
          .flatMap((through) => says(`through it comes ${through}, which stands in a lower row`))
      }
      return []
    })
  })
}

const wrongImports = (sources: ReadonlyMap<string, ReadonlyArray<Import>>): ReadonlyArray<string> =>
  [...sources].flatMap(([file, imports]) => {
    const place = placeOf(file)
    const nodeFree = place !== "node" && place !== "cli"
    return imports.flatMap(({ specifier }) => {
      if (specifier === "effect" || specifier === "effect/index") {
        return [`${file} imports "${specifier}": import deep, as in "effect/Effect"`]
      }
      if (nodeFree && /^(node:|ws$|ws\/|@effect\/platform-node)/.test(specifier)) {
        return [`${file} imports "${specifier}": the core knows no Node`]
      }
      return []
    })
  })

const leftOpen = (files: ReadonlyArray<string>, read: (file: string) => string): ReadonlyArray<string> =>
  files.flatMap((file) =>
    read(file).split("\n").flatMap((line, index) => {
      const found = /\b(?:TODO|FIXME)\b|\b(?:it|test|describe|suite|effect|live|layer)\.(?:only|skip)\b/.exec(line)
      return found === null ? [] : [`${file}:${index + 1} leaves open: ${found[0]}`]
    })
  )

if (import.meta.main) {
  const found = violations(process.argv[2] ?? dirname(import.meta.dirname))
  for (const violation of found) process.stdout.write(`${violation}\n`)
  if (found.length > 0) process.exitCode = 1
}
