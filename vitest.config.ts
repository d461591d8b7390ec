import { fileURLToPath } from "node:url"
import { defineConfig } from "vitest/config"

const source = (path: string) => fileURLToPath(new URL(`./src/${path}`, import.meta.url))

export default defineConfig({
  resolve: {
    alias: [
      // Vite would take its ES modules, and `graphql-ws`, which Node loads, its CommonJS: two realms of one schema.
      { find: /^graphql$/, replacement: fileURLToPath(new URL("./node_modules/graphql/index.js", import.meta.url)) },
      { find: /^holdfast$/, replacement: source("index.ts") },
      { find: /^holdfast\/(node|testing|msgpack|outbox)$/, replacement: source("$1/index.ts") },
      { find: /^holdfast\/(\w+)$/, replacement: source("$1.ts") }
    ]
  },
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/setup/build.ts"],
    setupFiles: ["test/setup/leak-guard.ts"],
    reporters: ["default", "./scripts/closing-line-reporter.ts"],
    // A process for each file: signals, descriptors and memory are the process's own.
    pool: "forks",
    maxWorkers: 2,
    // A bound for what hangs, on a machine that does other things too; no test is measured by it.
    testTimeout: 60_000,
    hookTimeout: 60_000
  }
})
