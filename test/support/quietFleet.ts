// A fleet that has no connections, and says what it is told to say.
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { ConnectionReport } from "../../src/cli/fleet/ConnectionReport.ts"
import { Fleet } from "../../src/cli/fleet/Fleet.ts"
import { report } from "./reports.ts"

export const quietFleet = (
  reports: ReadonlyArray<ConnectionReport> = [report()],
  changes: Partial<Fleet["Service"]> = {}
): Fleet["Service"] =>
  Fleet.of({
    reports: Effect.succeed(reports),
    report: (name) => Effect.succeed(reports.find((one) => one.name === name) ?? report()),
    activity: Stream.never,
    send: () => Effect.void,
    reconnect: () => Effect.void,
    close: () => Effect.void,
    apply: () => Effect.succeed({ added: [], changed: [], removed: [], unchanged: [] }),
    started: Effect.void,
    ended: Effect.never,
    ...changes
  })
