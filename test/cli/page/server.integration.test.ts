import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import { type AddressInfo, createServer } from "node:net"
import { expect } from "vitest"
import type { ServeOptions } from "../../../src/cli/page/server.ts"
import { ask } from "../../support/httpRequest.ts"
import { start, token } from "../../support/pageServer.ts"
import * as Sse from "../../support/sseClient.ts"

const failing = (options: Partial<ServeOptions>) => Effect.scoped(Effect.flip(start(options)))

describe("where it listens", () => {
  it.live("refuses to be reached by others without a token", () =>
    Effect.gen(function*() {
      for (const host of ["0.0.0.0", "::", "192.0.2.1"]) {
        const error = yield* failing({ host })
        expect(error.exit).toBe("usage")
        expect(error.message).toContain("no token is set")
        expect(error.advice).toContain("openssl rand -hex 32")
      }
    }))

  it.live("refuses a token that can be guessed", () =>
    Effect.gen(function*() {
      const error = yield* failing({ token: Redacted.make("short") })
      expect(error.exit).toBe("usage")
      expect(error.message).not.toContain("short ")
    }))

  it.live("listens elsewhere with a token", () =>
    Effect.gen(function*() {
      const { address } = yield* start({ host: "0.0.0.0", token: Redacted.make(token) })
      const { status } = yield* ask(`http://127.0.0.1:${new URL(address).port}/api/connections`, {
        headers: { authorization: `Bearer ${token}` }
      })
      expect(status).toBe(200)
    }))

  it.live("says that the port is in use, and what to do", () =>
    Effect.gen(function*() {
      const other = yield* Effect.acquireRelease(
        Effect.callback<ReturnType<typeof createServer>>((resume) => {
          const server = createServer().listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
        }),
        (server) => Effect.callback<void>((resume) => void server.close(() => resume(Effect.void)))
      )
      const { port } = other.address() as AddressInfo
      const error = yield* failing({ port })
      expect(error.message).toBe(`The HTTP address 127.0.0.1:${port} is in use.`)
      expect(error.advice).toContain("choose another port")
    }))

  it.live("says that the address is not this machine's", () =>
    Effect.gen(function*() {
      const error = yield* failing({ host: "192.0.2.1", token: Redacted.make(token) })
      expect(error.exit).toBe("usage")
      expect(error.message).toContain("192.0.2.1 is no address of this machine")
    }))

  it.live("stops at once, though pages are looking", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const { url } = yield* Scope.provide(start(), scope)
      const page = yield* Sse.connect(url("/api/events"))
      yield* page.first(({ event }) => event === "hello")
      yield* Effect.timeout(Scope.close(scope, Exit.void), "900 millis")
      yield* page.ended
    }))
})
