// Builds dist/ from src/. Incremental, so that the tests, the demo and the bench can afford to ask for it every time.
import { spawnSync } from "node:child_process"
import { existsSync, globSync, rmSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

const root = dirname(dirname(fileURLToPath(import.meta.url)))

// What has lost its source must not be published, nor be imported by mistake.
for (const output of globSync("dist/**/*.{js,d.ts,js.map,d.ts.map}", { cwd: root })) {
  const source = output.replace(/^dist/, "src").replace(/(\.d\.ts|\.js)(\.map)?$/, ".ts")
  if (!existsSync(join(root, source))) rmSync(join(root, output))
}

// The record of the last build is kept outside dist/ and would call a dist/ with a gap up to date.
const complete = globSync("src/**/*.ts", { cwd: root })
  .every((source) => existsSync(join(root, source.replace(/^src/, "dist").replace(/\.ts$/, ".js"))))

const tsc = join(root, "node_modules/typescript/bin/tsc")
const build = ["-b", "tsconfig.build.json", ...(complete ? [] : ["--force"])]
const { status } = spawnSync(process.execPath, [tsc, ...build], { cwd: root, stdio: "inherit" })
process.exitCode = status ?? 1
