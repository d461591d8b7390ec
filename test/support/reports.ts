// A report of a connection that is well, and what differs from it.
import type { ConnectionReport } from "../../src/cli/fleet/ConnectionReport.ts"

export const report = (changes: Partial<ConnectionReport> = {}): ConnectionReport => ({
  name: "feed",
  state: "Open",
  since: "2026-01-01T12:00:00.000Z",
  endpoint: "wss://feed.example/",
  session: 1,
  sessions: 1,
  attempt: 1,
  dials: 1,
  received: { messages: 0, bytes: 0 },
  sent: { messages: 0, bytes: 0 },
  dropped: 0,
  lastByteAge: 0,
  silenceLimit: 55_000,
  paused: false,
  at: "2026-01-01T12:00:00.000Z",
  ...changes
})
