// What the built package imports from elsewhere.
import { readFileSync } from "node:fs"
import { dirname, join } from "node:path"

export const root = dirname(dirname(import.meta.dirname))

/** The packages' modules that are loaded with a module of `dist/`, Node's own left out. */
export const importsOf = (entry: string): ReadonlyArray<string> => {
  const files = new Set<string>()
  const modules = new Set<string>()
  const visit = (file: string): void => {
    if (files.has(file)) return
    files.add(file)
    for (const specifier of specifiersOf(readFileSync(file, "utf8"))) {
      if (specifier.startsWith(".")) visit(join(dirname(file), specifier))
      else if (!specifier.startsWith("node:")) modules.add(specifier)
    }
  }
  visit(join(root, "dist", entry))
  return [...modules].toSorted()
}

const specifiersOf = (text: string): ReadonlyArray<string> =>
  Array.from(
    text.matchAll(/^(?:import|export)\s[^"';]*?from\s+"([^"]+)"|^import\s+"([^"]+)"/gm),
    (match) => match[1] ?? match[2] ?? ""
  )
