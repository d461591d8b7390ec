import { build, stop } from "esbuild"
import { execFile } from "node:child_process"
import { globSync } from "node:fs"
import { builtinModules } from "node:module"
import { basename } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { afterEach, describe, expect, it } from "vitest"

const root = fileURLToPath(new URL("..", import.meta.url))

/** Runs in a process of its own, where `holdfast` is what package.json exports from dist/. */
const inNode = async (program: string, ...args: ReadonlyArray<string>): Promise<unknown> => {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--input-type=module", "--eval", program, ...args],
    { cwd: root }
  )
  return JSON.parse(stdout)
}

const modules = globSync("src/*.ts", { cwd: root }).map((file) => basename(file, ".ts"))
  .filter((name) => name !== "index").toSorted()

// esbuild works in a child process, which it keeps for the next build.
afterEach(() => stop())

describe("the package", () => {
  it("exports these names and no others", async () => {
    const entries = [
      "holdfast",
      "holdfast/node",
      "holdfast/msgpack",
      "holdfast/outbox",
      "holdfast/testing",
      ...modules.map((name) => `holdfast/${name}`)
    ]
    const names = await inNode(
      `const names = {}
       for (const entry of process.argv.slice(1)) names[entry] = Object.keys(await import(entry)).sort()
       console.log(JSON.stringify(names))`,
      ...entries
    )
    await expect(`${JSON.stringify(names, undefined, 2)}\n`).toMatchFileSnapshot("package.exports.snap.json")
  })

  it("hides what is not for users", async () => {
    const hidden = globSync(["src/internal/**/*.ts", "src/{node,testing,cli,msgpack,outbox}/*.ts"], { cwd: root })
      .map((file) => file.replace(/^src/, "holdfast").replace(/\.ts$/, ""))
    const codes = await inNode(
      `const codes = []
       for (const entry of process.argv.slice(1)) {
         codes.push(await import(entry).then(() => "loaded " + entry, (error) => error.code))
       }
       console.log(JSON.stringify(codes))`,
      "holdfast/index",
      ...hidden
    )
    expect(new Set(codes as ReadonlyArray<string>)).toEqual(new Set(["ERR_PACKAGE_PATH_NOT_EXPORTED"]))
  })

  it.each(["index.ts", "testing/index.ts", "msgpack/index.ts", "outbox/index.ts"])(
    "bundles src/%s for a browser: no Node built-in and no ws in it",
    async (entry) => {
      const intruders: Array<string> = []
      await build({
        absWorkingDir: root,
        entryPoints: [`src/${entry}`],
        bundle: true,
        write: false,
        format: "esm",
        platform: "browser",
        logLevel: "silent",
        plugins: [{
          name: "intruders",
          setup(build) {
            build.onResolve({ filter: /^[^./]/ }, ({ importer, path }) => {
              const intrudes = path.startsWith("node:") || path === "ws" || builtinModules.includes(path)
              if (!intrudes) return undefined
              intruders.push(`${path}, imported by ${importer}`)
              return { path, external: true }
            })
          }
        }]
      })
      expect(intruders).toEqual([])
    }
  )
})
