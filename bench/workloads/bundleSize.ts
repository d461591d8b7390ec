import type { Metric, Workload } from "../types.ts"
import { root } from "./distImports.ts"

const kibibytes = (title: string): Metric => ({ title, unit: "KiB", better: "lower", ratio: false })

/** Everything that an entry exports, minified by esbuild. */
const bundle = async (entry: string, external: ReadonlyArray<string>): Promise<Buffer> => {
  const { build } = await import("esbuild")
  const result = await build({
    stdin: { contents: `import * as all from "${entry}"; globalThis.all = all`, resolveDir: root },
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    platform: entry === "holdfast/node" ? "node" : "browser",
    external: [...external],
    logLevel: "error"
  })
  return Buffer.from(result.outputFiles[0]!.contents)
}

export const bundleSize: Workload = {
  id: "bundle-size",
  title: "Size of the bundle",
  detail: "Everything that the entry exports, by esbuild: minified, and that compressed by gzip.",
  contenders: ["holdfast", "holdfast/node", "reconnecting-websocket", "partysocket/ws"],
  baseline: undefined,
  metrics: {
    own: kibibytes("without effect and ws, minified"),
    ownGzip: kibibytes("gzip"),
    all: kibibytes("with them, minified"),
    allGzip: kibibytes("gzip")
  },
  goals: [],
  ahead: undefined,
  rounds: () => 1,
  server: false,
  pinned: false,
  measure: async ({ contender }) => {
    const { gzipSync } = await import("node:zlib")
    const own = await bundle(contender, ["effect", "effect/*", "ws", "https-proxy-agent"])
    const all = await bundle(contender, ["https-proxy-agent"])
    return {
      own: own.length / 1024,
      ownGzip: gzipSync(own).length / 1024,
      all: all.length / 1024,
      allGzip: gzipSync(all).length / 1024
    }
  }
}
