import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Option, Schema } from "effect"
import * as E from "../src/ConnectionError.ts"
import * as Recovery from "../src/Recovery.ts"

const because = (reason: E.Reason) => new E.ConnectionError({ reason })
const closed = (code: number, initiator: E.Initiator = "peer") => because(E.fromCloseFrame({ code, initiator }))
const refused = (status: number, after?: Duration.Duration) =>
  because(new E.HandshakeRejected({ status, retryAfter: Option.fromUndefinedOr(after) }))
const failed = (code: string) => because(new E.ConnectFailed({ phase: "tcp", code }))

const retry = Recovery.retry()
const atMost = (times: number) => Recovery.retry({ atMost: times })
const refresh = Recovery.retry({ immediately: true, atMost: 1 })

const all: ReadonlyArray<E.Reason> = [
  new E.InvalidRequest({ option: "url", problem: "must be absolute" }),
  new E.CredentialsFailed({ cause: new Error("expired") }),
  new E.ConnectFailed({ phase: "tcp", code: "ECONNREFUSED" }),
  new E.HandshakeTimeout({ phase: "tls", timeout: Option.some(Duration.seconds(10)) }),
  new E.HandshakeRejected({ status: 503, body: "busy", retryAfter: Option.some(Duration.seconds(30)) }),
  new E.HandshakeInvalid({ check: "accept", expected: "a", actual: "b" }),
  new E.GreetingFailed({ cause: "not ready" }),
  new E.AbnormalClosure({ cause: new Error("reset") }),
  new E.HeartbeatTimeout({
    silentFor: Duration.seconds(40),
    interval: Duration.seconds(25),
    timeout: Duration.seconds(15)
  }),
  new E.SendFailed({ delivery: "unknown", cause: closed(1001) }),
  new E.InboundOverflow({ bytes: 10, paused: Duration.minutes(5) }),
  new E.DecodingFailed({ by: "schema", issue: "Expected number", head: "{}" }),
  new E.ConnectionClosed({}),
  ...[1000, 1001, 1002, 1003, 1005, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3001, 3003, 3008, 4004].map(
    (code) => E.fromCloseFrame({ code, closeReason: "bye" })
  )
]

describe("ConnectionError", () => {
  it("says where and why in one sentence", () => {
    const reason = new E.ConnectionClosed({})
    assert.strictEqual(because(reason).message, reason.message)
    assert.strictEqual(
      new E.ConnectionError({ reason, attempt: 3, endpoint: "wss://h.example/a" }).message,
      "wss://h.example/a: the connection was closed by us"
    )
  })

  it("names its place once, also for a frame that was not sent", () => {
    const endpoint = "wss://h.example/"
    const cause = new E.ConnectionError({ reason: new E.ConnectionClosed({}), endpoint })
    assert.strictEqual(
      new E.ConnectionError({ reason: new E.SendFailed({ delivery: "notSent", cause }), endpoint }).message,
      "wss://h.example/: not sent: the connection was closed by us"
    )
  })

  it("has no attempt and no endpoint where none was involved", () => {
    assert.strictEqual(because(new E.ConnectionClosed({})).attempt, 0)
    assert.strictEqual(because(new E.ConnectionClosed({})).endpoint, "")
  })

  it.effect("is caught by its reason", () =>
    Effect.gen(function*() {
      const caught = yield* Effect.fail(closed(1008)).pipe(
        Effect.catchReason("ConnectionError", "PolicyViolation", (reason) => Effect.succeed(reason.code))
      )
      assert.strictEqual(caught, 1008)
      const other = yield* Effect.fail(closed(1000)).pipe(
        Effect.catchReason("ConnectionError", "PolicyViolation", () => Effect.succeed(0)),
        Effect.flip
      )
      assert.strictEqual(other.reason._tag, "NormalClosure")
    }))

  it("tells how long the peer asked us to wait", () => {
    assert.deepStrictEqual(
      Option.map(refused(503, Duration.seconds(5)).retryAfter, Duration.toMillis),
      Option.some(5000)
    )
    assert.isTrue(Option.isNone(refused(503).retryAfter))
    assert.isTrue(Option.isNone(closed(1013).retryAfter))
  })

  it("is known from other values", () => {
    assert.isTrue(E.isConnectionError(closed(1000)))
    for (const other of [undefined, null, {}, new Error("x"), { _tag: "ConnectionError" }]) {
      assert.isFalse(E.isConnectionError(other))
    }
  })

  it.each(all.map((reason) => [reason._tag, reason] as const))("survives JSON: %s", (_tag, reason) => {
    const codec = Schema.toCodecJson(E.ConnectionError)
    const error = new E.ConnectionError({ reason, attempt: 2, endpoint: "wss://h.example/" })
    const back = Schema.decodeUnknownSync(codec)(JSON.parse(JSON.stringify(Schema.encodeSync(codec)(error))))
    assert.instanceOf(back, E.ConnectionError)
    assert.strictEqual(back.reason._tag, reason._tag)
    assert.strictEqual(back.message, error.message)
    assert.deepStrictEqual(back.recovery, error.recovery)
  })
})

describe("classify", () => {
  it.each<[name: string, error: E.ConnectionError, recovery: Recovery.Recovery]>([
    ["an option that can never work", because(new E.InvalidRequest({ option: "a", problem: "b" })), Recovery.stop],
    ["our own close", because(new E.ConnectionClosed({})), Recovery.stop],
    ["failed credentials", because(new E.CredentialsFailed({ cause: 1 })), retry],
    ["a handshake out of time", because(new E.HandshakeTimeout({ phase: "tcp" })), retry],
    ["a lost link", because(new E.AbnormalClosure({ cause: undefined })), retry],
    ["an overflow", because(new E.InboundOverflow({ bytes: 1, paused: Duration.zero })), retry],
    ["a message not understood", because(new E.DecodingFailed({ by: "codec", issue: "", head: "" })), atMost(5)],
    ["a failed greeting", because(new E.GreetingFailed({ cause: 1 })), atMost(5)],
    ["an illegal handshake", because(new E.HandshakeInvalid({ check: "accept" })), atMost(5)],
    [
      "what could not be sent, like its cause",
      because(new E.SendFailed({ delivery: "notSent", cause: closed(1008) })),
      Recovery.stop
    ]
  ])("%s", (_name, error, recovery) => {
    assert.deepStrictEqual(E.classify(error), recovery)
    assert.deepStrictEqual(error.recovery, recovery)
    assert.strictEqual(error.isRetryable, Recovery.isRetry(recovery))
  })

  it("retries what the network did, and stops where a certificate or the port is wrong", () => {
    for (
      const code of ["ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "EHOSTUNREACH", "EAI_AGAIN", "ENOTFOUND", "UNKNOWN"]
    ) {
      assert.deepStrictEqual(failed(code).recovery, retry, code)
    }
    for (
      const code of [
        "CERT_HAS_EXPIRED",
        "ERR_TLS_CERT_ALTNAME_INVALID",
        "DEPTH_ZERO_SELF_SIGNED_CERT",
        "SELF_SIGNED_CERT_IN_CHAIN",
        "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
        "ERR_SSL_WRONG_VERSION_NUMBER"
      ]
    ) {
      assert.deepStrictEqual(failed(code).recovery, Recovery.stop, code)
    }
  })

  it("knows what each HTTP status means", () => {
    for (const status of [200, 204]) assert.deepStrictEqual(refused(status).recovery, atMost(1), String(status))
    for (const status of [301, 302, 308, 400, 403, 405, 407, 410, 426, 501, 505]) {
      assert.deepStrictEqual(refused(status).recovery, Recovery.stop, String(status))
    }
    assert.deepStrictEqual(refused(401).recovery, refresh)
    assert.deepStrictEqual(refused(404).recovery, atMost(5))
    for (const status of [408, 418, 421, 425, 429, 500, 502, 503, 504, 520, 527, 530, 599]) {
      assert.deepStrictEqual(refused(status).recovery, retry, String(status))
    }
  })

  it("lets Retry-After be the floor of 429 and 503, and of nothing else", () => {
    const after = Duration.seconds(30)
    for (const status of [429, 503]) {
      assert.deepStrictEqual(refused(status, after).recovery, Recovery.retry({ notBefore: after }))
    }
    assert.deepStrictEqual(refused(500, after).recovery, retry)
    assert.deepStrictEqual(refused(403, after).recovery, Recovery.stop)
  })

  it("knows what each close code of the peer's means", () => {
    for (const code of [1000, 1001, 1005, 1011, 1014, 3001, 3008, 4000, 4004, 4999]) {
      assert.deepStrictEqual(closed(code).recovery, retry, String(code))
    }
    for (const code of [1003, 1007, 1008, 1009, 1010, 3003]) {
      assert.deepStrictEqual(closed(code).recovery, Recovery.stop, String(code))
    }
    assert.deepStrictEqual(closed(1002).recovery, atMost(1))
    assert.deepStrictEqual(closed(1012).recovery, Recovery.retry({ notBefore: ["5 seconds", "30 seconds"] }))
    assert.deepStrictEqual(closed(1013).recovery, Recovery.retry({ notBefore: "30 seconds" }))
    assert.deepStrictEqual(closed(3000).recovery, refresh)
  })

  it("retries at most three times after a close of ours because of what the peer sent", () => {
    for (const code of [1002, 1007, 1008, 1009]) {
      assert.deepStrictEqual(closed(code, "self").recovery, atMost(3), String(code))
    }
    for (const illegal of [0, 1004, 1006, 1015, 2999, 5000]) {
      assert.deepStrictEqual(closed(illegal).recovery, atMost(3), String(illegal))
    }
  })
})
