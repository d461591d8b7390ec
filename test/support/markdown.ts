// What the tests of the docs read in a Markdown file: its code, its headings and its links.
import { readFileSync } from "node:fs"

export interface CodeBlock {
  /** Such as `ts` or `ts fragment`. */
  readonly info: string
  readonly code: string
  /** Of the first line of code, from 1. */
  readonly line: number
}

export interface Link {
  readonly target: string
  readonly line: number
}

export interface Page {
  readonly blocks: ReadonlyArray<CodeBlock>
  /** What may follow a `#` in a link to this page. */
  readonly anchors: ReadonlySet<string>
  readonly links: ReadonlyArray<Link>
  /** The rows of all tables without their heads, by the heading above them. */
  readonly tables: ReadonlyMap<string, ReadonlyArray<ReadonlyArray<string>>>
  /** What stands between backticks outside of tables, by the heading above it. */
  readonly inlineCode: ReadonlyMap<string, ReadonlyArray<string>>
}

export const readPage = (path: string): Page => {
  const blocks: Array<CodeBlock> = []
  const anchors = new Set<string>()
  const links: Array<Link> = []
  const tables = new Map<string, Array<ReadonlyArray<string>>>()
  const inlineCode = new Map<string, Array<string>>()
  let section = ""
  let inTable = false
  let open: { info: string; lines: Array<string>; line: number } | undefined
  for (const [index, line] of readFileSync(path, "utf8").split("\n").entries()) {
    const fence = /^```(.*)$/.exec(line)
    if (open !== undefined) {
      if (fence === null) {
        open.lines.push(line)
      } else {
        blocks.push({ info: open.info, code: open.lines.join("\n"), line: open.line })
        open = undefined
      }
      continue
    }
    if (fence !== null) {
      open = { info: fence[1]!.trim(), lines: [], line: index + 2 }
      continue
    }
    const heading = /^#{1,6}\s+(.*)$/.exec(line)
    if (heading !== null) {
      section = heading[1]!
      anchors.add(unique(slug(section), anchors))
    }
    if (line.startsWith("|") && inTable && !/^[|\s:-]+$/.test(line)) {
      tables.set(section, [...tables.get(section) ?? [], cells(line)])
    }
    inTable = line.startsWith("|")
    if (!inTable) {
      const found = Array.from(line.matchAll(/`([^`]+)`/g), ([, code]) => code!)
      inlineCode.set(section, [...inlineCode.get(section) ?? [], ...found])
    }
    const text = line.replace(/`[^`]*`/g, "")
    for (const [, target] of text.matchAll(/\]\(([^)\s]+)\)/g)) links.push({ target: target!, line: index + 1 })
  }
  return { blocks, anchors, links, tables, inlineCode }
}

const cells = (line: string): ReadonlyArray<string> =>
  line.replace(/^\|\s*/, "").replace(/\s*\|$/, "").split(/\s*(?<!\\)\|\s*/)

/** As GitHub makes it. */
const slug = (heading: string): string =>
  heading.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, "").replace(/ /g, "-")

const unique = (name: string, taken: ReadonlySet<string>): string => {
  for (let n = 0;; n++) {
    const candidate = n === 0 ? name : `${name}-${n}`
    if (!taken.has(candidate)) return candidate
  }
}
