/**
 * One line of text for a value that somebody else threw or failed with.
 */
import * as Cause from "effect/Cause"
import * as Predicate from "effect/Predicate"

/**
 * The message of an error with its code or tag; the text itself for strings;
 * never a stack, never `[object Object]`.
 */
export const describeUnknown = (u: unknown): string => {
  if (typeof u === "string") return u
  // What `Effect.tryPromise` and `Effect.try` wrap says more than their wrapper.
  if (Cause.isUnknownError(u) && u.cause !== undefined) return describeUnknown(u.cause)
  if (Predicate.isObject(u)) {
    const code = text(u, "code")
    const tag = text(u, "_tag") ?? text(u, "name")
    const message = text(u, "message")
    const label = code ?? (tag === "Error" ? undefined : tag)
    if (message !== undefined && message !== "") {
      return label === undefined || message.includes(label) ? message : `${label}: ${message}`
    }
    return label ?? "an unknown error"
  }
  return String(u)
}

const text = (u: object, key: string): string | undefined => {
  const value = (u as Record<string, unknown>)[key]
  return typeof value === "string" ? value : undefined
}
