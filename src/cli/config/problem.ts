/**
 * What is wrong with a config file, and where.
 */
import { type CliFailure, failure } from "../failure.ts"

/** The way to a value: keys and indices. */
export type Path = ReadonlyArray<PropertyKey>

/** A place in the text, from 1. */
export interface Position {
  readonly line: number
  readonly column: number
}

/** One mistake. */
export interface Problem {
  readonly path: Path
  /** Follows the path: `is missing`, `"x" is no duration; use …`. */
  readonly sentence: string
  /** Whether the key itself is the mistake, and not its value. */
  readonly key?: boolean | undefined
}

/** `connections.feed.to[0].path`. */
export const formatPath = (path: Path): string =>
  path.reduce<string>((text, part) =>
    typeof part === "number"
      ? `${text}[${part}]`
      : /^[\w-]+$/.test(String(part))
      ? `${text}${text === "" ? "" : "."}${String(part)}`
      : `${text}[${JSON.stringify(String(part))}]`, "")

/** All mistakes of a file as one failure, in the order of the file, each on a line that an editor can jump to. */
export const configFailure = (
  file: string,
  problems: ReadonlyArray<Problem>,
  locate: (path: Path, key: boolean) => Position | undefined
): CliFailure => {
  const lines = problems.map(({ key, path, sentence }) => {
    const position = locate(path, key === true)
    const at = position === undefined ? file : `${file}:${position.line}:${position.column}`
    const where = formatPath(path)
    return { position, text: where === "" ? `${at}: ${sentence}` : `${at}: ${where} ${sentence}` }
  })
  const inOrder = lines.toSorted((a, b) =>
    (a.position?.line ?? 0) - (b.position?.line ?? 0) || (a.position?.column ?? 0) - (b.position?.column ?? 0)
  )
  return failure("config", [...new Set(inOrder.map(({ text }) => text))].join("\n"))
}
