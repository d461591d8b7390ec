import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { runToEnd } from "../support/exampleProcess.ts"

describe("examples/04-token-refresh.ts", () => {
  it.live("answers a 401 with exactly one refresh, and a second 401 with none", () =>
    Effect.gen(function*() {
      const { code, output } = yield* runToEnd("04-token-refresh.ts")
      assert.strictEqual(code, 0, output)
      assert.deepStrictEqual(output.split("\n").filter((line) => !line.includes("WARN")), [
        "# The token in the cache has expired",
        "attempt 1: using the token from the cache",
        "attempt 2: the token was refused, fetching a new one",
        "open, and the server says: welcome",
        "handshakes so far: 2",
        "# The account is blocked: a new token does not help",
        "attempt 1: using the token from the cache",
        "attempt 2: the token was refused, fetching a new one",
        "closed: the server refused the handshake with HTTP 401: the credentials are missing, wrong or expired",
        "handshakes so far: 4",
        ""
      ])
      for (const secret of ["of-yesterday", "of-today", "of-no-use"]) assert.notInclude(output, secret)
    }))
})
