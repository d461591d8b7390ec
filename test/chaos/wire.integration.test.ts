// A cheap slice of `npm run test:chaos`: a server in a process of its own, and a wire that is spoilt.
import * as Effect from "effect/Effect"
import { beforeAll, describe, expect, it } from "vitest"
import { parts } from "../../chaos/rows/index.ts"
import { runRow } from "../../chaos/runner.ts"

const rows = parts.flatMap((part) => part.rows)

const run = (id: string) => Effect.runPromise(runRow(rows.find((row) => row.id === id)!))

describe("chaos, a slice", () => {
  // What Node starts once, with the first child process, is no row's fault.
  beforeAll(() => run("wire-silent-handshake"))

  it.each(["wire-silent-handshake", "wire-byte-by-byte", "wire-swallow"])("%s holds", async (id) => {
    expect(await run(id)).toMatchObject({ _tag: "held", seen: { seen: expect.any(String) } })
  }, 60_000)
})
