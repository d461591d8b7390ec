import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { runToEnd } from "../support/exampleProcess.ts"

describe("examples/11-discord-gateway.ts", () => {
  it.live(
    "39. Discord-like: hello carries the interval; first beat jittered; missing ack means close with a code that is not " +
      "1000 and resume at another URL; 4004 stops, 4008 retries",
    () =>
      Effect.gen(function*() {
        const { code, output } = yield* runToEnd("11-discord-gateway.ts")
        assert.strictEqual(code, 0, output)
        assert.deepStrictEqual(output.split("\n").filter((line) => !line.includes("WARN")), [
          "at first: identify",
          "no acknowledgements: resume at the other URL, 2 missed",
          "asked to connect anew: resume at the other URL, 0 missed",
          "invalid session that can be resumed: resume at the other URL, 0 missed",
          "invalid session: identify",
          "too many messages, if we had sent them: resume at the other URL, 0 missed",
          "the session timed out: identify",
          "heard: one, two, three, farewell",
          "130 statuses came, in no minute more than 120 messages: true",
          "closed with 4000, 4000, 4000, 4000, 4008, 4009, 1000",
          "# With a token that is not good",
          "the peer closed the connection with 4004 (Private): private to the service; it said \"Authentication failed\"",
          ""
        ])
        for (const secret of ["example-token-of-a-bot", "of-somebody-else"]) assert.notInclude(output, secret)
      }),
    60_000
  )
})
