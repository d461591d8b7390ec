import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { runToEnd } from "../support/exampleProcess.ts"

describe("examples/07-metrics.ts", () => {
  it.live("prints every metric in Prometheus' format", () =>
    Effect.gen(function*() {
      const { code, output } = yield* runToEnd("07-metrics.ts")
      assert.strictEqual(code, 0, output)
      for (
        const line of [
          "# TYPE holdfast_connect_attempts_total counter",
          "holdfast_connect_attempts_total{connection=\"echo\"} 2",
          "holdfast_disconnects_total{connection=\"echo\",reason=\"AbnormalClosure\"} 1",
          "holdfast_connect_duration_seconds_count{connection=\"echo\"} 2",
          "holdfast_session_duration_seconds_count{connection=\"echo\"} 1",
          "holdfast_messages_total{direction=\"inbound\",connection=\"echo\"} 10",
          "holdfast_messages_total{direction=\"outbound\",connection=\"echo\"} 10",
          "holdfast_bytes_total{direction=\"inbound\",connection=\"echo\"} 90",
          "holdfast_status{connection=\"echo\"} 1"
        ]
      ) assert.include(output.split("\n"), line)
      assert.match(output, /^holdfast_heartbeat_rtt_seconds_count\{connection="echo"\} [1-9]/m)
    }))
})
