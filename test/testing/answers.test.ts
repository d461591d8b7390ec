import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Headers from "effect/http/Headers"
import type { HandshakeRequest, Verify } from "../../src/Handshake.ts"
import { verifyWith } from "../../src/internal/verify.ts"
import { type Answer, answered, makeAnswers } from "../../src/testing/answers.ts"
import type { Answers } from "../../src/testing/TestServer.ts"
import type { DialPhase } from "../../src/Transport.ts"

const request: HandshakeRequest = {
  url: "ws://test/",
  headers: Headers.empty,
  subprotocols: ["v1", "v2"],
  extensions: [],
  attempt: 1,
  endpoint: "ws://test/"
}

const strict = verifyWith({ requireSubprotocol: true })

/** What becomes of a dial, and the phases it went through. */
const dial = Effect.fnUntraced(function*(
  choose: (answers: Answers) => Effect.Effect<void>,
  options: { readonly request?: Partial<HandshakeRequest>; readonly verify?: Verify } = {}
) {
  const chosen: Array<Answer> = []
  yield* choose(makeAnswers((answer) => chosen.push(answer)))
  const phases: Array<DialPhase> = []
  const outcome = yield* Effect.result(
    answered(chosen[0]!, { ...request, ...options.request }, options.verify ?? strict, (phase) => phases.push(phase))
  )
  return { outcome, phases }
})

describe("an answer", () => {
  it.effect("to an acceptance names the first subprotocol, the one given, or none", () =>
    Effect.gen(function*() {
      const lenient = verifyWith({ requireSubprotocol: false })
      const named = (subprotocol?: string) =>
        Effect.map(dial((answers) => answers.accept({ subprotocol }), { verify: lenient }), ({ outcome }) => {
          assert(outcome._tag === "Success")
          return outcome.success.headers["sec-websocket-protocol"]
        })
      assert.strictEqual(yield* named(), "v1")
      assert.strictEqual(yield* named("v2"), "v2")
      assert.isUndefined(yield* named(""))
    }))

  it.effect("to an acceptance carries the headers given", () =>
    Effect.gen(function*() {
      const { outcome } = yield* dial((answers) => answers.accept({ headers: { "X-Server": "7" } }))
      assert(outcome._tag === "Success")
      assert.strictEqual(outcome.success.headers["x-server"], "7")
    }))

  it.effect("that is invalid fails exactly the check it names", () =>
    Effect.gen(function*() {
      for (const check of ["upgrade", "connection", "accept", "extensions", "subprotocol"] as const) {
        const failed: Array<string> = []
        const verify: Verify = (input) => {
          const verdict = strict(input)
          failed.push(...verdict.checks.filter(({ ok }) => !ok).map(({ check }) => check))
          return verdict
        }
        const { outcome } = yield* dial((answers) => answers.invalid(check), { verify })
        assert(outcome._tag === "Failure")
        assert.include(outcome.failure, { _tag: "HandshakeInvalid", check })
        assert.deepStrictEqual(failed, [check])
      }
    }))

  it.effect("of a check that does not exist is a mistake in the test", () =>
    Effect.gen(function*() {
      const exit = yield* Effect.exit(dial((answers) => answers.invalid("colour")))
      assert.include(String(exit), "no such check")
    }))

  it.effect("that refuses fails in the phase that its code belongs to", () =>
    Effect.gen(function*() {
      const expected: ReadonlyArray<readonly [code: string, phases: ReadonlyArray<DialPhase>]> = [
        ["ENOTFOUND", ["dns"]],
        ["EAI_AGAIN", ["dns"]],
        ["ECONNREFUSED", ["dns", "tcp"]],
        ["ETIMEDOUT", ["dns", "tcp"]],
        ["CERT_HAS_EXPIRED", ["dns", "tcp", "tls"]],
        ["ERR_TLS_CERT_ALTNAME_INVALID", ["dns", "tcp", "tls"]],
        ["SELF_SIGNED_CERT_IN_CHAIN", ["dns", "tcp", "tls"]],
        ["ECONNRESET", ["dns", "tcp", "response"]]
      ]
      for (const [code, phases] of expected) {
        const result = yield* dial((answers) => answers.refuse(code))
        assert.deepStrictEqual(result.phases, phases)
        assert(result.outcome._tag === "Failure")
        assert.include(result.outcome.failure, { _tag: "ConnectFailed", code, phase: phases.at(-1)! })
      }
    }))

  it.effect("to a dial by wss goes through TLS", () =>
    Effect.gen(function*() {
      const { phases } = yield* dial((answers) => answers.accept(), { request: { url: "wss://test/" } })
      assert.deepStrictEqual(phases, ["dns", "tcp", "tls", "response"])
    }))

  it.effect("never comes from a server that stalls", () =>
    Effect.gen(function*() {
      const fiber = yield* Effect.forkChild(dial((answers) => answers.stall))
      yield* Effect.sleep(0)
      yield* Effect.yieldNow
      assert.isUndefined(fiber.pollUnsafe())
      yield* Fiber.interrupt(fiber)
    }))
})
