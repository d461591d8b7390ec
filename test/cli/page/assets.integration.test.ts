import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { expect } from "vitest"
import { assetNames, make } from "../../../src/cli/page/assets.ts"

describe("assets", () => {
  it.live("are what the build has made, of which none loads anything from elsewhere", () =>
    Effect.gen(function*() {
      const assets = yield* make
      for (const name of assetNames) {
        const { body, headers, status } = yield* assets(name, undefined) ?? Effect.die(name)
        expect([name, status]).toEqual([name, 200])
        expect(headers["etag"]).toMatch(/^"[\w-]{22}"$/)
        const text = body._tag === "Uint8Array" ? Buffer.from(body.body).toString() : ""
        expect(text.length).toBeGreaterThan(50)
        expect(text).not.toMatch(/import\s*\(|@import|url\(|\beval\(|new Function/)
      }
    }))

  it.live("are sent once to a browser that keeps them", () =>
    Effect.gen(function*() {
      const assets = yield* make
      const { headers } = yield* assets("page.js", undefined) ?? Effect.die("page.js")
      const again = yield* assets("page.js", headers["etag"]) ?? Effect.die("page.js")
      expect([again.status, again.body._tag]).toEqual([304, "Empty"])
      expect((yield* assets("page.js", "\"another\"") ?? Effect.die("page.js")).status).toBe(200)
    }))

  it.live("are these, and no other file", () =>
    Effect.gen(function*() {
      const assets = yield* make
      for (const name of ["", "index.js", "../index.js", "__proto__", "page.js/"]) {
        expect(assets(name, undefined)).toBeUndefined()
      }
    }))
})
