import { expect, it } from "vitest"
import * as shutdown from "../../src/cli/shutdown.ts"

it("a worker has ended by itself before it is killed, and is killed before the command must be gone", () => {
  const { ofCommand, ofConnection, ofPage, ofPipe, ofQueue, ofReceived, ofTermination, ofWorker } = shutdown
  expect(ofPage + ofConnection + ofReceived + ofQueue + ofPipe + ofTermination).toBeLessThan(ofWorker)
  expect(ofWorker).toBeLessThan(ofCommand)
})
