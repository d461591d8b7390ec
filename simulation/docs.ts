// What these programs measured goes into `docs/topics/proof.md`, between two marks.
import { spawnSync } from "node:child_process"
import { readFileSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"

const root = dirname(import.meta.dirname)
const file = join(root, "docs/topics/proof.md")

export const writeBetween = (mark: string, content: string): void => {
  const begin = `<!-- ${mark} -->`
  const end = `<!-- /${mark} -->`
  const text = readFileSync(file, "utf8")
  const from = text.indexOf(begin)
  const to = text.indexOf(end)
  if (from < 0 || to < from) throw new Error(`${file} has no place marked "${mark}"`)
  writeFileSync(file, `${text.slice(0, from)}${begin}\n\n${content}\n\n${text.slice(to)}`)
  // Aligns the tables.
  spawnSync("dprint", ["fmt", file], { cwd: root, stdio: "ignore" })
}
