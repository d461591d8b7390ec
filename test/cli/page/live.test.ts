import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { TestClock } from "effect/testing"
import { expect } from "vitest"
import * as Live from "../../../src/cli/page/live.ts"
import * as FakeFleet from "../../support/fakeFleet.ts"

const collect = (live: Live.Live) =>
  Effect.gen(function*() {
    const frames: Array<{ readonly event: string; readonly data: any }> = []
    const fiber = yield* live.events(false).pipe(
      Stream.decodeText,
      Stream.runForEach((text) =>
        Effect.sync(() => {
          for (const frame of text.split("\n\n").filter((part) => part !== "")) {
            const field = (name: string) =>
              frame.split("\n").find((line) => line.startsWith(name))?.slice(name.length + 2)
            frames.push({ event: field("event") ?? "", data: JSON.parse(field("data") ?? "") })
          }
        })
      ),
      Effect.forkChild({ startImmediately: true })
    )
    yield* Effect.yieldNow
    return { frames, fiber }
  })

const settle = Effect.forEach(Array.from({ length: 20 }), () => Effect.yieldNow, { discard: true })

describe("live", () => {
  it.effect("computes nothing while nobody looks, and keeps the past for who comes later", () =>
    Effect.gen(function*() {
      const fake = yield* FakeFleet.make
      fake.report("feed")
      const live = yield* Live.make(fake.fleet)
      yield* fake.happens("feed", FakeFleet.events.opened(1))
      yield* fake.happens("feed", FakeFleet.events.disconnected(2))
      yield* TestClock.adjust("1 hour")
      expect([fake.looked(), live.viewers()]).toEqual([0, 0])

      const { fiber, frames } = yield* collect(live)
      yield* settle
      expect(frames).toMatchObject([{
        event: "hello",
        data: { reports: [{ name: "feed" }], pasts: [["feed", { happenings: [{}, {}] }]], last: 2, session: false }
      }])
      expect([fake.looked(), live.viewers()]).toEqual([1, 1])
      yield* Fiber.interrupt(fiber)
      yield* TestClock.adjust("1 hour")
      expect([fake.looked(), live.viewers()]).toEqual([1, 0])
    }))

  it.effect("tells reports each second, and what happens at once and numbered", () =>
    Effect.gen(function*() {
      const fake = yield* FakeFleet.make
      fake.report("feed")
      const live = yield* Live.make(fake.fleet)
      const { fiber, frames } = yield* collect(live)
      yield* settle
      yield* TestClock.adjust("1 second")
      yield* fake.happens("feed", FakeFleet.events.pong(3, 7))
      yield* fake.happens("feed", FakeFleet.events.disconnected(4))
      yield* settle
      yield* TestClock.adjust("1 second")
      yield* settle
      expect(frames.map(({ event }) => event)).toEqual(["hello", "tick", "happened", "happened", "tick"])
      expect(frames[2]?.data).toEqual({
        number: 1,
        connection: "feed",
        happening: { _tag: "PongReceived", at: 3, rtt: 7 }
      })
      expect(frames[3]?.data.number).toBe(2)
      expect(frames[4]?.data.at).toBe(2000)
      yield* Fiber.interrupt(fiber)
    }))

  it.effect("ends with the server", () =>
    Effect.gen(function*() {
      const fake = yield* FakeFleet.make
      const live = yield* Live.make(fake.fleet)
      const { fiber } = yield* collect(live)
      yield* live.end
      yield* Fiber.join(fiber)
      expect(live.viewers()).toBe(0)
    }))

  it.effect("keeps nothing of connections that came and went", () =>
    Effect.gen(function*() {
      const fake = yield* FakeFleet.make
      const live = yield* Live.make(fake.fleet)
      for (let index = 0; index < 500; index++) {
        fake.report(`c${index}`)
        yield* fake.happens(`c${index}`, FakeFleet.events.opened(index))
        yield* settle
        fake.remove(`c${index}`)
      }
      expect(live.history.size).toBeLessThan(40)
    }))
})
