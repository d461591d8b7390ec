import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import { describe, expect, it } from "vitest"
import { endingOf, type Moment, Recorder } from "../../../src/cli/fleet/recorder.ts"
import { AbnormalClosure, ConnectFailed, ConnectionError, HandshakeRejected } from "../../../src/ConnectionError.ts"
import type { Link } from "../../../src/Link.ts"
import * as Recovery from "../../../src/Recovery.ts"

const at = (seconds: number) => DateTime.makeUnsafe(seconds * 1000)

const moment = (changes: Partial<Moment>): Moment => ({
  status: { _tag: "Closing" },
  now: at(100),
  nanos: 100_000_000_000n,
  received: { messages: 0, bytes: 0 },
  sent: { messages: 0, bytes: 0 },
  ...changes
})

const open: Moment["status"] = {
  _tag: "Open",
  session: 3,
  since: at(7),
  subprotocol: Option.some("feed.v2"),
  rtt: Option.none(),
  paused: true
}

const refused = new ConnectionError({
  reason: new ConnectFailed({ phase: "tcp", code: "ECONNREFUSED", detail: "refused" }),
  endpoint: "ws://feed.example/"
})

describe("a recorder", () => {
  it("tells of an open session what the status says of it, and the age of its last byte", () => {
    const recorder = new Recorder(at(1))
    recorder.happened({ _tag: "Dialling", at: at(2), attempt: 1, endpoint: "ws://feed.example/" })
    recorder.linked({ endpoint: "ws://feed.example/v2", lastInbound: () => 99_500_000_000n } as Link)
    recorder.happened({
      _tag: "Opened",
      at: at(7),
      session: 3,
      attempt: 1,
      downtime: Duration.zero,
      previous: Option.none()
    })
    recorder.messaged(98_000_000_000n)
    expect(recorder.report("feed", moment({ status: open }))).toEqual({
      name: "feed",
      state: "Open",
      since: "1970-01-01T00:00:07.000Z",
      endpoint: "ws://feed.example/v2",
      subprotocol: "feed.v2",
      session: 3,
      sessions: 1,
      attempt: 1,
      dials: 1,
      received: { messages: 0, bytes: 0 },
      sent: { messages: 0, bytes: 0 },
      dropped: 0,
      lastByteAge: 500,
      lastMessageAge: 2000,
      paused: true,
      at: "1970-01-01T00:01:40.000Z"
    })
  })

  it("tells when the next dial is due, and why there is one", () => {
    const recorder = new Recorder(at(1))
    recorder.happened({ _tag: "Dialling", at: at(2), attempt: 4, endpoint: "" })
    recorder.happened({ _tag: "AttemptFailed", at: at(3), attempt: 4, error: refused })
    recorder.happened({
      _tag: "WaitScheduled",
      at: at(3),
      attempt: 4,
      delay: Duration.seconds(5),
      floor: Duration.zero,
      recovery: Recovery.retry()
    })
    const status = { _tag: "Waiting", attempt: 4, delay: Duration.seconds(5), cause: refused } as const
    const report = recorder.report("feed", moment({ status }))
    expect(report.nextDialAt).toBe("1970-01-01T00:00:08.000Z")
    expect(report.since).toBe("1970-01-01T00:00:03.000Z")
    expect(report.attempt).toBe(4)
    expect(report.last).toMatchObject({ reason: "ConnectFailed", retryable: true })
    expect(report.lastByteAge).toBeUndefined()
  })

  it("forgets the link of a session that ended, but not the last message", () => {
    const recorder = new Recorder(at(1))
    recorder.linked({ endpoint: "ws://feed.example/", lastInbound: () => 0n } as Link)
    recorder.messaged(40_000_000_000n)
    recorder.happened({
      _tag: "Disconnected",
      at: at(50),
      session: 1,
      error: new ConnectionError({ reason: new AbnormalClosure({ cause: new Error("reset") }) }),
      uptime: Duration.seconds(3),
      unflushed: { messages: 0, bytes: 0 }
    })
    const report = recorder.report("feed", moment({ status: { ...open } }))
    expect(report.lastByteAge).toBeUndefined()
    expect(report.lastMessageAge).toBe(60_000)
    expect(report.last?.reason).toBe("AbnormalClosure")
  })

  it("gives the percentiles of the last 128 round trips", () => {
    const recorder = new Recorder(at(1))
    const pong = (millis: number) =>
      recorder.happened({ _tag: "PongReceived", at: at(2), session: 1, rtt: Duration.millis(millis) })
    pong(5)
    expect(recorder.report("feed", moment({})).rtt).toEqual({ last: 5, p50: 5, p99: 5 })
    for (let millis = 1; millis <= 200; millis++) pong(millis)
    expect(recorder.report("feed", moment({})).rtt).toEqual({ last: 200, p50: 136, p99: 199 })
  })

  it("counts what was dropped", () => {
    const recorder = new Recorder(at(1))
    const drop = { _tag: "Dropped", at: at(2), direction: "inbound", reason: "unread", bytes: 3 } as const
    recorder.happened({ ...drop, messages: 2 })
    recorder.happened({ ...drop, messages: 3 })
    expect(recorder.report("feed", moment({})).dropped).toBe(5)
  })

  it("keeps the cause for which the connection gave up", () => {
    const recorder = new Recorder(at(1))
    recorder.happened({ _tag: "Closed", at: at(9), cause: Option.some(refused), attempts: 3, dials: 7 })
    const report = recorder.report(
      "feed",
      moment({ status: { _tag: "Closed", cause: Option.none(), attempts: 3, dials: 7 } })
    )
    expect(report.since).toBe("1970-01-01T00:00:09.000Z")
    expect(report.last?.reason).toBe("ConnectFailed")
    expect(report.gaveUp).toBe(true)
  })

  it("tells a connection that we closed from one that gave up", () => {
    const recorder = new Recorder(at(1))
    recorder.happened({ _tag: "AttemptFailed", at: at(2), attempt: 1, error: refused })
    expect(recorder.report("feed", moment({}))).not.toHaveProperty("gaveUp")
    recorder.happened({ _tag: "Closed", at: at(9), cause: Option.none(), attempts: 3, dials: 7 })
    const status = { _tag: "Closed", cause: Option.none(), attempts: 3, dials: 7 } as const
    expect(recorder.report("feed", moment({ status })).gaveUp).toBe(false)
  })
})

describe("an ending", () => {
  it("has the status of a refused handshake as its code", () => {
    const reason = new HandshakeRejected({ status: 503, body: "", retryAfter: Option.none() })
    expect(endingOf(new ConnectionError({ reason }), at(1))).toMatchObject({ code: 503, retryable: true })
  })

  it("has no code where the cause has a name in place of one", () => {
    expect(endingOf(refused, at(1))).not.toHaveProperty("code")
  })
})
