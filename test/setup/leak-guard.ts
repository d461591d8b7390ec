// Around every test: nothing it started may outlive it, and no error may go unheard.
//
// A test may use what its file set up before (a server of `beforeAll`), so the numbers are compared, not the things.
// What is on its way out gets some turns of the event loop to leave; a machine that is slow gives slower turns.
import { afterAll, aroundEach } from "vitest"
import { leaksFromNowOn } from "./leaks.ts"
import { withoutTracking } from "./live-resources.ts"

const pause = 25
const patience = Number(process.env["HOLDFAST_LEAK_PATIENCE"] ?? 80)

const unheard: Array<string> = []
process.on("unhandledRejection", (reason) => unheard.push(`an unhandled rejection: ${describeError(reason)}`))
process.on("uncaughtExceptionMonitor", (error, origin) => {
  if (origin === "uncaughtException") unheard.push(`an uncaught error: ${describeError(error)}`)
})
process.on("warning", (warning) => {
  if (warning.name === "MaxListenersExceededWarning") unheard.push(`a warning: ${describeError(warning)}`)
})

const describeError = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? String(error)) : String(error)

const { setImmediate, setTimeout } = globalThis
const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
const aWhile = (): Promise<void> => new Promise((resolve) => withoutTracking(() => setTimeout(resolve, pause)))

let running: string | undefined

aroundEach(async (runTest, { task }) => {
  if (running !== undefined) {
    throw new Error(`"${task.name}" runs beside "${running}": the leak guard could not say whose a leak is.`)
  }
  running = task.name
  try {
    const leaks = leaksFromNowOn()
    await runTest()
    await nextTurn()
    for (let turns = 0; turns < patience && leaks().length > 0; turns++) {
      await aWhile()
      await nextTurn()
    }
    failOn([...unheard.splice(0), ...leaks()])
  } finally {
    running = undefined
  }
}, 60_000)

// What went wrong outside of every test.
afterAll(async () => {
  await nextTurn()
  failOn(unheard.splice(0))
})

const failOn = (found: ReadonlyArray<string>): void => {
  if (found.length === 0) return
  const more = found.length > 5 ? `; and ${found.length - 5} more` : ""
  throw new Error(`This test left behind ${found.slice(0, 5).join("; ")}${more}.`)
}
