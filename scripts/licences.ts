// The licences of what is bundled into the command: their authors want them to go along.
import type { Metafile } from "esbuild"
import { globSync, readFileSync } from "node:fs"
import { join } from "node:path"

/** A text with the licence of every package that the bundle has something of. */
export const licences = (root: string, inputs: Metafile["inputs"]): string => {
  const folders = new Set(
    Object.keys(inputs).flatMap((file) => {
      const [folder] = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file) ?? []
      return folder === undefined ? [] : [folder]
    })
  )
  const notices = [...folders].toSorted().map((folder) => {
    const { license, name, version } = JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8"))
    const [file] = globSync("{LICENSE,LICENCE,License,license,COPYING}*", { cwd: join(root, folder) }).toSorted()
    const text = file === undefined ? "" : `\n${readFileSync(join(root, folder, file), "utf8").trim()}\n`
    return `${name} ${version} (${license})\n${text}`
  })
  return `The command holdfast contains these packages:\n\n${notices.join(`\n${"-".repeat(80)}\n\n`)}`
}
