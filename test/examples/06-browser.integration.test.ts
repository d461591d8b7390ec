import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { requires } from "../setup/requirements.ts"
import { runExample, runToEnd } from "../support/exampleProcess.ts"

const chromium = requires("chromium")

describe("examples/06-browser.ts", () => {
  it.live.skipIf(!chromium.available)(
    "shows a page that survives the loss of its connection, in a real browser",
    () =>
      Effect.gen(function*() {
        const { code, output } = yield* runToEnd("06-browser.ts", { env: { CHROMIUM: chromium.path ?? "" } })
        assert.strictEqual(code, 0, output)
        assert.notInclude(output, "page error")
        const shown = output.split("what the page shows as status:\n")[1]?.split("and as messages: ") ?? []
        const status = shown[0]?.trimEnd().split("\n").map((line) => line.trim())
        assert.deepStrictEqual(status, [
          "connecting, attempt 1",
          "open, session 1",
          "waiting: the connection was lost without a Close frame",
          "connecting, attempt 2",
          "open, session 2"
        ])
        // The server counts on; the page shows what it was sent, each once and in order.
        const numbers = shown[1]?.trimEnd().split(", ").map((message) => Number(message.replace("number ", ""))) ?? []
        assert.isAtLeast(numbers.length, 4)
        assert.deepStrictEqual(numbers, [...new Set(numbers)].toSorted((a, b) => a - b))
      }),
    60_000
  )

  it.live("serves the bundled page where there is no browser", () =>
    Effect.gen(function*() {
      const example = yield* runExample("06-browser.ts", { env: { PATH: "" } })
      yield* example.prints("open that page yourself")
      const url = /http:\S+/.exec(example.output())?.[0] ?? ""
      const get = (path: string) =>
        Effect.promise(async () => {
          const response = await fetch(url + path, { headers: { connection: "close" } })
          return { type: response.headers.get("content-type"), body: await response.text() }
        })
      assert.include((yield* get("/")).body, "<script type=\"module\" src=\"page.js\">")
      const script = yield* get("/page.js")
      assert.strictEqual(script.type, "text/javascript")
      assert.include(script.body, "holdfast/Connection")
    }))
})
