/** What a file system's failure means for the store. */
import type { PlatformError } from "effect/PlatformError"
import { type Operation, OutboxStoreError } from "./log.ts"

/** Nothing of this mends itself. The rest may: a full disk (which is `Unknown`), a file server that is away, too many open files. */
const lasting: ReadonlySet<string> = new Set([
  "AlreadyExists",
  "BadArgument",
  "BadResource",
  "InvalidData",
  "NotFound",
  "PermissionDenied"
])

export const failedTo = (operation: Operation) => (cause: PlatformError): OutboxStoreError =>
  new OutboxStoreError({
    operation,
    // "ENOSPC: no space left on device" says more than what Effect makes of it, which is "Unknown".
    cause: cause.reason.cause instanceof Error ? cause.reason.cause : cause,
    retryable: !lasting.has(cause.reason._tag)
  })

/** The file is not what it was when it was written. */
export const damaged = (path: string, offset: number, what: string): OutboxStoreError =>
  new OutboxStoreError({
    operation: "open",
    cause: new Error(`${path} is damaged at byte ${offset}: ${what}. Nothing was changed; restore it, or move it away`),
    retryable: false
  })
