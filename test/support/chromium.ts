// A page in a real headless Chromium; everything that it complains of is kept.
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { type BrowserContextOptions, chromium, type Page } from "playwright-core"
import { requires } from "../setup/requirements.ts"

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

export interface OpenPage {
  readonly page: Page
  /** Errors of scripts and of the console, violations of the content security policy among them. */
  readonly complaints: ReadonlyArray<string>
  readonly run: <A>(use: (page: Page) => Promise<A>) => Effect.Effect<A>
}

/** A browser of one's own, until the scope closes. */
export const open = (url: string, options: BrowserContextOptions = {}): Effect.Effect<OpenPage, never, Scope.Scope> =>
  Effect.gen(function*() {
    const browser = yield* Effect.acquireRelease(
      Effect.promise(() => chromium.launch({ executablePath: requires("chromium").path ?? "", args: flags })),
      (browser) => Effect.promise(() => browser.close())
    )
    const page = yield* Effect.promise(() => browser.newPage(options))
    page.setDefaultTimeout(20_000)
    const complaints: Array<string> = []
    page.on("pageerror", (error) => complaints.push(String(error)))
    page.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning") complaints.push(message.text())
    })
    yield* Effect.promise(() => page.goto(url))
    return { page, complaints, run: (use) => Effect.promise(() => use(page)) }
  })

/** Waits until an element that this selector finds has this text. */
export const shows = ({ run }: OpenPage, selector: string, text: string | RegExp): Effect.Effect<void> =>
  run((page) => page.locator(selector, { hasText: text }).first().waitFor())
