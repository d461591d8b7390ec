/**
 * What makes two definitions the same: a hash of all they say, secrets included,
 * so that a changed secret is a change and none can be read from it.
 */
import * as Redacted from "effect/Redacted"
import { createHash } from "node:crypto"

/** The same for the same definition, in whichever order its keys are. */
export const fingerprint = (definition: unknown): string =>
  createHash("sha256").update(canonical(definition)).digest("base64url")

const canonical = (value: unknown): string => {
  if (Redacted.isRedacted(value)) return `secret(${fingerprint(Redacted.value(value))})`
  if (value instanceof Date) return `date(${value.toISOString()})`
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "undefined"
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined)
  return `{${
    entries.toSorted(([a], [b]) => a < b ? -1 : 1).map(([key, inner]) => `${JSON.stringify(key)}:${canonical(inner)}`)
      .join(",")
  }}`
}
