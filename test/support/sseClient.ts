// Reads Server-Sent Events as they come.
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { request } from "node:http"
import { Notice } from "./notice.ts"

export interface SseEvent {
  readonly event: string
  readonly data: any
}

export interface SseClient {
  readonly status: number
  readonly events: ReadonlyArray<SseEvent>
  /** The first event that will do, which may have come already. */
  readonly first: (will: (event: SseEvent) => boolean) => Effect.Effect<SseEvent>
  /** Waits until the server has ended it. */
  readonly ended: Effect.Effect<void>
}

/** Connected while the scope is open. */
export const connect = (
  url: string,
  headers: Readonly<Record<string, string>> = {}
): Effect.Effect<SseClient, never, Scope.Scope> =>
  Effect.gen(function*() {
    const notice = new Notice()
    const events: Array<SseEvent> = []
    let status: number | undefined
    let ended = false
    let text = ""
    yield* Effect.acquireRelease(
      Effect.sync(() => {
        const sent = request(url, { agent: false, headers }, (response) => {
          status = response.statusCode
          response.setEncoding("utf8").on("data", (chunk: string) => {
            text += chunk
            const frames = text.split("\n\n")
            text = frames.pop() ?? ""
            for (const frame of frames) {
              const field = (name: string) =>
                frame.split("\n").find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2) ?? ""
              events.push({ event: field("event"), data: JSON.parse(field("data")) })
            }
            notice.notify()
          })
          response.on("close", () => {
            ended = true
            notice.notify()
          })
          notice.notify()
        })
        sent.on("error", () => {
          ended = true
          notice.notify()
        })
        sent.end()
        return sent
      }),
      (sent) => Effect.sync(() => sent.destroy())
    )
    return {
      status: yield* notice.when(() => status),
      events,
      first: (will) => notice.when(() => events.find(will)),
      ended: Effect.asVoid(notice.when(() => ended ? true : undefined))
    }
  })
