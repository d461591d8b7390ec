/**
 * The files of the page, which the build has bundled: read when somebody looks
 * for the first time, and kept.
 */
import * as Effect from "effect/Effect"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import { createHash } from "node:crypto"
import { readFile } from "node:fs/promises"

const types: { readonly [file: string]: string } = {
  "page.js": "text/javascript; charset=utf-8",
  "login.js": "text/javascript; charset=utf-8",
  "page.css": "text/css; charset=utf-8",
  "icon.svg": "image/svg+xml"
}

// Beside the bundled command; a program that runs the sources, as tests do, takes what was built before.
const folder = new URL(import.meta.url.endsWith(".ts") ? "../../../dist/cli/page/" : "./page/", import.meta.url)

/** The names of the files. */
export const assetNames: ReadonlyArray<string> = Object.keys(types)

/** Answers with a file; `tag` is the request's `If-None-Match`. None where there is no such file. */
export type Assets = (
  name: string,
  tag: string | undefined
) => Effect.Effect<HttpServerResponse.HttpServerResponse> | undefined

/** Reads each file once. Dies where the package is not complete. */
export const make: Effect.Effect<Assets> = Effect.map(
  Effect.forEach(assetNames, (name) => Effect.map(Effect.cached(read(name)), (file) => [name, file] as const)),
  (files) => {
    const byName = new Map(files)
    return (name, tag) => {
      const file = byName.get(name)
      return file === undefined ? undefined : Effect.map(file, ({ bytes, etag }) => {
        // The next version of the command has other files under these names.
        const headers = { "cache-control": "no-cache", etag }
        return tag === etag
          ? HttpServerResponse.empty({ status: 304, headers })
          : HttpServerResponse.uint8Array(bytes, { headers, contentType: types[name] ?? "" })
      })
    }
  }
)

function read(name: string) {
  return Effect.map(Effect.promise(() => readFile(new URL(name, folder))), (bytes) => ({
    bytes,
    etag: `"${createHash("sha256").update(bytes).digest("base64url").slice(0, 22)}"`
  }))
}
