// Builds dist/ from src/: the types by tsc, file by file, and the code by esbuild, in few files, since each one costs a
// program that imports the package a third of a millisecond. The tests, the demo and the bench ask for it every time.
import { build } from "esbuild"
import { spawnSync } from "node:child_process"
import { chmodSync, existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { licences } from "./licences.ts"

const root = dirname(dirname(fileURLToPath(import.meta.url)))

// What has lost its source must not be published, nor be imported by mistake.
for (const output of globSync("dist/**/*.{d.ts,d.ts.map}", { cwd: root })) {
  const source = output.replace(/^dist/, "src").replace(/\.d\.ts(\.map)?$/, ".ts")
  if (!existsSync(join(root, source))) rmSync(join(root, output))
}

// The record of the last build is kept outside dist/ and would call a dist/ with a gap up to date.
const complete = globSync("src/**/*.ts", { cwd: root })
  .every((source) => existsSync(join(root, source.replace(/^src/, "dist").replace(/\.ts$/, ".d.ts"))))

const tsc = join(root, "node_modules/typescript/bin/tsc")
const types = ["-b", "tsconfig.build.json", ...(complete ? [] : ["--force"])]
const { status } = spawnSync(process.execPath, [tsc, ...types], { cwd: root, stdio: "inherit" })

const library = await build({
  absWorkingDir: root,
  entryPoints: globSync(["src/*.ts", "src/{node,testing,msgpack,outbox}/index.ts"], { cwd: root }),
  outdir: "dist",
  outbase: "src",
  // What several entries share is one module for all of them: an error is the same class wherever it comes from.
  splitting: true,
  chunkNames: "internal/[name]-[hash]",
  bundle: true,
  packages: "external",
  format: "esm",
  platform: "neutral",
  external: ["node:*"],
  target: "es2022",
  sourcemap: true,
  sourcesContent: false,
  logLevel: "error",
  write: false
})

// The command brings along all it needs but `ws`: it is quick to start, and who uses the library installs nothing for it.
const command = await build({
  absWorkingDir: root,
  entryPoints: ["src/cli/index.ts"],
  outdir: "dist/cli",
  splitting: true,
  chunkNames: "[name]-[hash]",
  bundle: true,
  external: ["ws"],
  format: "esm",
  platform: "node",
  target: "node20",
  minifySyntax: true,
  minifyWhitespace: true,
  // Packages of CommonJS that are bundled ask for Node's modules by `require`.
  banner: {
    js:
      "import { createRequire as __createRequire } from \"node:module\"; const require = __createRequire(import.meta.url);"
  },
  legalComments: "none",
  metafile: true,
  logLevel: "error",
  write: false
})

// What the command serves to a browser: its charts come along, and nothing is fetched from anywhere else.
const page = await build({
  absWorkingDir: root,
  entryPoints: ["page.ts", "login.ts", "page.css", "icon.svg"].map((file) => `src/cli/page/browser/${file}`),
  outdir: "dist/cli/page",
  bundle: true,
  loader: { ".svg": "copy" },
  format: "esm",
  platform: "browser",
  target: ["es2022", "chrome111", "firefox113", "safari16.4"],
  minify: true,
  legalComments: "none",
  metafile: true,
  logLevel: "error",
  write: false
})
const inputs = { ...command.metafile.inputs, ...page.metafile.inputs }
const outputFiles = [
  ...library.outputFiles,
  ...command.outputFiles,
  ...page.outputFiles,
  { path: join(root, "dist/cli/LICENSES.txt"), contents: Buffer.from(licences(root, inputs)) }
]

// What is the same is left alone, and what is stale goes last: a program may be importing it.
for (const { contents, path } of outputFiles) {
  if (existsSync(path) && readFileSync(path).equals(contents)) continue
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, contents)
}
chmodSync(join(root, "dist/cli/index.js"), 0o755)
const current = new Set(outputFiles.map(({ path }) => path))
for (const output of globSync("dist/**/*.{js,js.map,css,svg}", { cwd: root })) {
  if (!current.has(join(root, output))) rmSync(join(root, output))
}
process.exitCode = status ?? 1
