/**
 * Reads what was sent with a request, and no more of it than is allowed.
 */
import * as Effect from "effect/Effect"
import type * as HttpServerRequest from "effect/http/HttpServerRequest"
import type * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Stream from "effect/Stream"
import { problem } from "./replies.ts"

/** The body's bytes; fails with the answer to give. */
export const readBody = (
  request: HttpServerRequest.HttpServerRequest,
  limit: number
): Effect.Effect<Uint8Array, HttpServerResponse.HttpServerResponse> => {
  const tooLarge = problem(413, {
    error: "tooLarge",
    message: `The body is larger than ${limit} bytes.`
  })
  if (Number(request.headers["content-length"] ?? 0) > limit) return Effect.fail(tooLarge)
  let size = 0
  return request.stream.pipe(
    Stream.mapError(() => problem(400, { error: "unreadable", message: "The body ended before its end." })),
    Stream.mapEffect((chunk) => (size += chunk.length) > limit ? Effect.fail(tooLarge) : Effect.succeed(chunk)),
    Stream.runCollect,
    Effect.map((chunks) => Buffer.concat(chunks))
  )
}
