import { assert, describe, it } from "@effect/vitest"
import { badArgument, systemError, type SystemErrorTag } from "effect/PlatformError"
import { damaged, failedTo } from "../../../src/outbox/internal/fileErrors.ts"

const of = (tag: SystemErrorTag, cause?: Error) =>
  failedTo("append")(systemError({ _tag: tag, module: "FileSystem", method: "write", cause }))

describe("failedTo", () => {
  it("has a full disk, a busy file and an absent file server tried again, and a missing permission not", () => {
    for (const tag of ["Unknown", "Busy", "TimedOut", "WriteZero"] as const) assert.isTrue(of(tag).retryable, tag)
    for (const tag of ["PermissionDenied", "NotFound", "BadResource"] as const) assert.isFalse(of(tag).retryable, tag)
    assert.isFalse(failedTo("open")(badArgument({ module: "FileSystem", method: "open" })).retryable)
  })

  it("tells what the system said", () => {
    assert.include(
      of("Unknown", new Error("ENOSPC: no space left on device")).message,
      "ENOSPC: no space left on device"
    )
    assert.include(of("Busy").message, "Busy: FileSystem.write")
  })
})

describe("damaged", () => {
  it("names the file and the byte, and is for somebody to mend", () => {
    const error = damaged("/box/orders.outbox", 42, "it is not what it was")
    assert.isFalse(error.retryable)
    assert.include(error.message, "/box/orders.outbox is damaged at byte 42: it is not what it was")
  })
})
