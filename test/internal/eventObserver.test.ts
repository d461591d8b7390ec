import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { describe, expect } from "vitest"
import type { ConnectionEvent } from "../../src/ConnectionEvent.ts"
import { EventObserver } from "../../src/internal/eventObserver.ts"
import { connect } from "../support/connect.ts"

describe("an observer of events", () => {
  it.effect("is told the same, in the same order, as who reads the stream", () =>
    Effect.gen(function*() {
      const observed: Array<ConnectionEvent> = []
      const { connection, server } = yield* connect().pipe(
        Effect.provideService(EventObserver, (event: ConnectionEvent) => void observed.push(event))
      )
      const read: Array<ConnectionEvent> = []
      yield* connection.events.pipe(
        Stream.runForEach((event) => Effect.sync(() => read.push(event))),
        Effect.forkScoped({ startImmediately: true })
      )
      yield* server.peer
      yield* connection.awaitOpen
      yield* connection.close()
      expect(observed.map(({ _tag }) => _tag)).toEqual(["Dialling", "Opened", "Disconnected", "Closed"])
      // The dial had begun before anybody read.
      expect(observed.slice(1)).toEqual(read)
    }))
})
