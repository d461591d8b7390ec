import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { describe, expect } from "vitest"
import * as control from "../../../src/cli/chaos/control.ts"
import * as MisbehavingServer from "../../../src/cli/chaos/misbehavingServer.ts"
import { dial, endOf, refusal } from "../../support/dialling.ts"

const running = Effect.gen(function*() {
  const { port, url } = yield* Effect.orDie(
    MisbehavingServer.make({ serveHttp: control.make, manners: { echo: true, feed: undefined } })
  )
  const ask = (method: string, path: string, body?: unknown) =>
    Effect.promise(() =>
      fetch(`http://127.0.0.1:${port}${path}`, {
        method,
        headers: { connection: "close" },
        ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) })
      }).then((response) =>
        response.text().then((text): { readonly status: number; readonly body: unknown } => ({
          status: response.status,
          body: response.headers.get("content-type")?.includes("json") === true ? JSON.parse(text) : text
        }))
      )
    )
  return { ask, url }
})

describe("choosing faults over HTTP", () => {
  it.live("tells a stranger what there is", () =>
    Effect.gen(function*() {
      const { ask, url } = yield* running
      const { body, status } = yield* ask("GET", "/")
      expect(status).toBe(200)
      for (const text of [url, "PUT    /faults", "idle-cut"]) expect(body).toContain(text)
      expect(yield* ask("GET", "/nonsense")).toMatchObject({ status: 404 })
    }))

  it.live("puts, adds, shows and forgets what befalls dials", () =>
    Effect.gen(function*() {
      const { ask, url } = yield* running
      const refuse = { fault: "refuse", status: 429, times: 1 }
      expect(yield* ask("PUT", "/faults", [refuse])).toEqual({ status: 200, body: [refuse] })
      expect(yield* refusal(url)).toMatchObject({ _tag: "HandshakeRejected", status: 429 })
      expect((yield* ask("GET", "/faults")).body).toEqual([])
      const close = { fault: "close", after: "5s" }
      expect((yield* ask("POST", "/faults", close)).body).toEqual([close])
      expect((yield* ask("DELETE", "/faults")).body).toEqual([])
    }))

  it.live("befalls open sessions, all or one", () =>
    Effect.gen(function*() {
      const { ask, url } = yield* running
      const [a, b] = [yield* dial(url), yield* dial(url)]
      expect((yield* ask("GET", "/sessions")).body).toMatchObject([{ session: 1 }, { session: 2 }])
      expect((yield* ask("POST", "/send", ["hello"])).body).toEqual({ sessions: [1, 2] })
      expect(yield* b.pull).toEqual(["hello"])
      expect((yield* ask("POST", "/close", { code: 1012, session: 1 })).body).toEqual({ sessions: [1] })
      expect(yield* endOf(a)).toMatchObject({ _tag: "ServiceRestart" })
      expect((yield* ask("POST", "/drop")).body).toEqual({ sessions: [2] })
      expect(yield* endOf(b)).toMatchObject({ _tag: "AbnormalClosure" })
    }))

  it.live("closes the port for a time", () =>
    Effect.gen(function*() {
      const { ask, url } = yield* running
      const link = yield* dial(url)
      // Its own connection is reset with the rest.
      yield* Effect.exit(ask("POST", "/refuse-tcp", { for: "50ms" }))
      expect(yield* endOf(link)).toMatchObject({ _tag: "AbnormalClosure" })
      yield* Effect.eventually(dial(url))
    }))

  it.live("says what is wrong with a body", () =>
    Effect.gen(function*() {
      const { ask } = yield* running
      const wrong = (method: string, path: string, body?: unknown) =>
        Effect.map(ask(method, path, body), ({ body, status }) => `${status} ${JSON.stringify(body)}`)
      expect(yield* wrong("PUT", "/faults", "{")).toMatch(/^400.*must be JSON/)
      expect(yield* wrong("PUT", "/faults", [{ fault: "nonsense" }])).toMatch(
        /^400.*There is no fault .*nonsense.*There are: refuse, stall/
      )
      expect(yield* wrong("PUT", "/faults", { fault: "refuse", status: "x" })).toMatch(/^400.*Expected/)
      expect(yield* wrong("POST", "/close", { cod: 1 })).toMatch(/^400.*no excess property at.*cod/)
      expect(yield* wrong("POST", "/refuse")).toMatch(/^400.*about the answer to a dial/)
    }))
})
