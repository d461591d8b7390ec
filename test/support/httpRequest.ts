// One HTTP request on a connection of its own, with whatever headers a test wants: `fetch` forbids some.
import * as Effect from "effect/Effect"
import { type IncomingHttpHeaders, request } from "node:http"

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
  readonly json: () => any
}

export interface Ask {
  readonly method?: string | undefined
  readonly headers?: Readonly<Record<string, string>> | undefined
  readonly body?: string | Uint8Array | undefined
}

/** Asks, and waits for the whole answer. */
export const ask = (url: string, options: Ask = {}): Effect.Effect<Answer> =>
  Effect.callback((resume) => {
    const sent = request(url, {
      agent: false,
      method: options.method ?? "GET",
      headers: options.headers ?? {}
    }, (response) => {
      const chunks: Array<Buffer> = []
      response.on("data", (chunk: Buffer) => chunks.push(chunk))
      response.on("end", () => {
        const text = Buffer.concat(chunks).toString()
        resume(Effect.succeed({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text,
          json: () => JSON.parse(text)
        }))
      })
    })
    sent.on("error", (error) => resume(Effect.die(error)))
    sent.end(options.body)
    return Effect.sync(() => sent.destroy())
  })
