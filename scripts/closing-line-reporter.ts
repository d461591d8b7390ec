import type { Reporter, TestModule } from "vitest/node"

/**
 * Ends every run with the line `N passed, N failed`, for scripts and for people who scroll. What failed outside of any
 * test (a file that cannot be loaded, a hook, an unheard error) is counted as a failure, and what was skipped is told.
 */
export default class ClosingLineReporter implements Reporter {
  onTestRunEnd(modules: ReadonlyArray<TestModule>, unhandledErrors: ReadonlyArray<unknown>): void {
    const counts = { passed: 0, failed: unhandledErrors.length, skipped: 0, pending: 0 }
    for (const module of modules) {
      counts.failed += module.errors().length
      for (const suite of module.children.allSuites()) counts.failed += suite.errors().length
      for (const test of module.children.allTests()) counts[test.result().state]++
    }
    counts.failed += counts.pending
    // After what the default reporter prints in the same event.
    process.once("beforeExit", () => print(counts))
    process.once("exit", () => print(counts))
  }
}

let printed = false
const print = ({ failed, passed, skipped }: { passed: number; failed: number; skipped: number }): void => {
  if (printed) return
  printed = true
  if (skipped > 0) process.stdout.write(`${skipped} skipped\n`)
  process.stdout.write(`${passed} passed, ${failed} failed\n`)
}
