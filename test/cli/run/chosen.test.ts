import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { describe, expect } from "vitest"
import { chosen } from "../../../src/cli/run/chosen.ts"
import { loadText } from "../../support/configFiles.ts"

const config = loadText(
  "feeds.toml",
  `[defaults]\nurl = "ws://x"\n[connections.trades]\n[connections.books]\ncount = 2`
)

describe("the connections that are wanted", () => {
  it.effect("are all, or those that are named", () =>
    Effect.gen(function*() {
      const names = (wanted?: ReadonlyArray<string>) =>
        Effect.map(Effect.flatMap(config, (all) => chosen(all, wanted)), (plans) => plans.map(({ name }) => name))
      expect(yield* names()).toEqual(["trades", "books-1", "books-2"])
      expect(yield* names([])).toEqual(["trades", "books-1", "books-2"])
      expect(yield* names(["books-2", "trades"])).toEqual(["trades", "books-2"])
      const failure = yield* Effect.flip(names(["trade"]))
      expect([failure.exit, failure.message]).toEqual([
        "usage",
        `/etc/holdfast/feeds.toml has no connection "trade"; did you mean "trades"?`
      ])
    }))
})
