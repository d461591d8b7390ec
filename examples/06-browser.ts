// Holdfast in a browser: bundles examples/browser/page.ts with esbuild, serves it, and watches it in a headless
// Chromium while the server drops the connection. Without a Chromium it serves the page for a minute.
//
//   npx node examples/06-browser.ts      (CHROMIUM=/path/to/it, where it is not on the PATH)
import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect } from "effect"
import { existsSync } from "node:fs"
import { delimiter, join } from "node:path"
import { chromium } from "playwright-core"
import { pageServer } from "./servers/page.ts"

const findChromium = (): string | undefined =>
  process.env["CHROMIUM"] ??
    (process.env["PATH"] ?? "").split(delimiter)
      .flatMap((folder) => ["chromium", "chromium-browser", "google-chrome"].map((name) => join(folder, name)))
      .find((path) => existsSync(path))

const flags = [
  "--headless",
  // Chromium's sandbox refuses to run as root, which is what containers run as.
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync"
]

const openPage = (executablePath: string, url: string) =>
  Effect.gen(function*() {
    const browser = yield* Effect.acquireRelease(
      Effect.promise(() => chromium.launch({ executablePath, args: flags })),
      (browser) => Effect.promise(() => browser.close())
    )
    const page = yield* Effect.promise(() => browser.newPage())
    page.on("pageerror", (error) => process.stdout.write(`page error: ${error.message}\n`))
    yield* Effect.promise(() => page.goto(url))
    return page
  })

const main = Effect.gen(function*() {
  const server = yield* pageServer
  yield* Console.log(`serving a bundle of ${server.kilobytes} kB at ${server.page}`)

  const executablePath = findChromium()
  if (executablePath === undefined) {
    yield* Console.log("no Chromium on the PATH: open that page yourself within a minute")
    return yield* Effect.sleep("1 minute")
  }

  const page = yield* openPage(executablePath, server.page)
  const items = (list: string) => Effect.promise(() => page.locator(`${list} li`).allTextContents())
  const shows = (text: string) => Effect.promise(() => page.getByText(text, { exact: true }).waitFor())

  yield* shows("open, session 1")
  yield* shows("number 3")
  yield* Console.log("the page is connected; now the server drops the connection")
  yield* server.drop
  yield* shows("open, session 2")
  const before = (yield* items("#messages")).length
  yield* Effect.promise(() => page.locator("#messages li").nth(before).waitFor())

  yield* Console.log("what the page shows as status:")
  for (const line of yield* items("#status")) yield* Console.log(`  ${line}`)
  yield* Console.log(`and as messages: ${(yield* items("#messages")).join(", ")}`)
})

NodeRuntime.runMain(Effect.scoped(main))
