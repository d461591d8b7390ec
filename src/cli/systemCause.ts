/**
 * What the system said, which is shorter and truer than its translation:
 * `ENOSPC: no space left on device, write`.
 */
import type * as PlatformError from "effect/PlatformError"

/** The system's own sentence where there is one. */
export const systemCause = (error: PlatformError.PlatformError): string => {
  const { cause } = error.reason
  return cause instanceof Error ? cause.message : error.message
}
