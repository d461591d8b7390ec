/**
 * From sections to connections: defaults are inherited, and a section with
 * `count` or `each` becomes many.
 */
import * as Redacted from "effect/Redacted"
import type { Problem } from "./problem.ts"
import type { Connection, ConnectionKeys } from "./schema.ts"

/** One connection, by name, and the section it comes from. */
export interface Member {
  readonly name: string
  readonly section: string
  readonly keys: ConnectionKeys
}

/** All connections, in the order of the config, and what is wrong with their names. */
export const members = (
  defaults: ConnectionKeys,
  sections: Readonly<Record<string, Connection>>
): { readonly members: ReadonlyArray<Member>; readonly problems: ReadonlyArray<Problem> } => {
  const problems: Array<Problem> = []
  const owners = new Map<string, string>()
  const all = Object.entries(sections).flatMap(([section, { count, each, ...own }]): ReadonlyArray<Member> => {
    const path = ["connections", section]
    if (!/^[A-Za-z0-9][\w.-]*$/.test(section)) {
      problems.push({
        path,
        key: true,
        sentence: "is no name of a connection; use letters, digits, dots, dashes and underscores"
      })
    }
    if (count !== undefined && each !== undefined) {
      problems.push({ path: [...path, "each"], key: true, sentence: "cannot stand beside count; take one of them" })
    }
    const keys = inherit(defaults, own) as ConnectionKeys
    const found = each !== undefined
      ? each.map((value, index) => ({
        name: `${section}-${value.replaceAll(/[^\w.-]+/g, "_")}`,
        section,
        keys: fill(keys, { n: String(index + 1), each: value }) as ConnectionKeys
      }))
      : count !== undefined
      ? Array.from({ length: count }, (_, index) => ({
        name: `${section}-${index + 1}`,
        section,
        keys: fill(keys, { n: String(index + 1) }) as ConnectionKeys
      }))
      : [{ name: section, section, keys }]
    for (const { name } of found) {
      const owner = owners.get(name)
      if (owner !== undefined) {
        problems.push({
          path,
          key: true,
          sentence: owner === section
            ? `makes two connections of the name "${name}"`
            : `makes a connection "${name}", and so does connections.${owner}; rename one of them`
        })
      }
      owners.set(name, section)
    }
    return found
  })
  return { members: all, problems }
}

const isGroup = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !Redacted.isRedacted(value)

// A heartbeat of another kind, an introduction, credentials of another kind: half of each would be neither.
const whole = new Set(["auth", "greet", "heartbeat"])

/** Groups are merged key by key, everything else is replaced. */
const inherit = (base: unknown, own: unknown): unknown => {
  if (own === undefined) return base
  if (!isGroup(base) || !isGroup(own)) return own
  const keys = new Set([...Object.keys(base), ...Object.keys(own)])
  return Object.fromEntries(
    [...keys].map((key) => [key, whole.has(key) && key in own ? own[key] : inherit(base[key], own[key])])
  )
}

/** Puts values for `{n}` and `{each}` into every text, and leaves other braces alone. */
export const fill = (value: unknown, values: Readonly<Record<string, string>>): unknown => {
  if (typeof value === "string") {
    return value.replaceAll(/\{(\w+)\}/g, (all, name: string) => Object.hasOwn(values, name) ? values[name]! : all)
  }
  if (Array.isArray(value)) return value.map((item) => fill(item, values))
  if (!isGroup(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, fill(inner, values)]))
}
