import { it } from "@effect/vitest"
import { Effect, Exit } from "effect"
import { describe, expect } from "vitest"
import { judge } from "../../../src/cli/connect/verdict.ts"
import {
  AbnormalClosure,
  ConnectFailed,
  ConnectionError,
  HandshakeRejected,
  InvalidRequest,
  NormalClosure,
  type Reason
} from "../../../src/ConnectionError.ts"

type Outcome = Parameters<typeof judge>[0]
type Around = Parameters<typeof judge>[1]

const error = (reason: Reason) => new ConnectionError({ reason, endpoint: "ws://server.test/" })
const refused = error(new ConnectFailed({ phase: "tcp", code: "ECONNREFUSED" }))
const lost = error(new AbnormalClosure({ cause: { message: "reset" } }))

const verdict = (outcome: Partial<Outcome>, around: Partial<Around> = {}) =>
  Effect.runSync(Effect.map(
    Effect.result(judge(
      { satisfied: false, received: 0, unsent: 0, unconfirmed: 0, error: undefined, ...outcome },
      { uncertain: 0, dials: 1, retries: undefined, sessions: 1, wanted: undefined, ...around }
    )),
    (result) => result._tag === "Success" ? { exit: "ok", message: "" } : result.failure
  ))

describe("the verdict", () => {
  it("is good where all was sent and nothing was wanted", () => {
    expect(verdict({}).exit).toBe("ok")
  })

  it("is good as soon as what was wanted came, whatever else was to be sent", () => {
    expect(verdict({ satisfied: true, unsent: 5 }, { wanted: "expect" }).exit).toBe("ok")
  })

  it("is unexpected where what was wanted did not come", () => {
    expect(verdict({ received: 2 }, { wanted: "count" })).toMatchObject({
      exit: "unexpected",
      message: "It ended after 2 messages, before --count."
    })
    expect(verdict({ received: 1 }, { wanted: "count" }).message).toBe("It ended after 1 message, before --count.")
    expect(verdict({}, { wanted: "expect" }).exit).toBe("unexpected")
  })

  it("tells how many messages were not sent, and how many may not have arrived", () => {
    expect(verdict({ unconfirmed: 2 }, { uncertain: 1 }).message).toBe(
      "of 3 messages it is unknown whether they arrived."
    )
    expect(verdict({ unconfirmed: 1 }).message).toBe("of 1 message it is unknown whether it arrived.")
    expect(verdict({ unsent: 3 })).toMatchObject({ exit: "undelivered", message: "3 messages were not sent." })
    expect(verdict({ unsent: 1, error: lost }, { uncertain: 2 })).toMatchObject({
      exit: "undelivered",
      message: `1 message was not sent, and of 2 messages it is unknown whether they arrived. ${lost.message}`,
      cause: lost
    })
  })

  it("is good where the peer ended it normally", () => {
    const normal = error(new NormalClosure({ code: 1000, initiator: "peer" }))
    expect(verdict({ error: normal }).exit).toBe("ok")
    expect(verdict({ error: normal, unsent: 1 }).exit).toBe("undelivered")
  })

  it("is that of the connection where it never was open", () => {
    expect(verdict({ error: refused, unsent: 3 }, { sessions: 0 })).toMatchObject({
      exit: "tcp",
      message: refused.message
    })
    expect(verdict({ error: error(new HandshakeRejected({ status: 401 })) }, { sessions: 0, dials: 2 }).exit).toBe(
      "refused"
    )
    expect(verdict({ error: lost }).exit).toBe("lost")
  })

  it("is that it gave up, where it was dialled as often as allowed", () => {
    expect(verdict({ error: refused }, { sessions: 0, dials: 3, retries: 2 })).toMatchObject({ exit: "gaveUp" })
    expect(verdict({ error: refused }, { sessions: 0, dials: 1, retries: 0 }).exit).toBe("tcp")
  })

  it("names the flag of an option that can never work", () => {
    const reason = new InvalidRequest({ option: "subprotocols", problem: "number 1 is not a token" })
    expect(verdict({ error: error(reason) }, { sessions: 0 })).toMatchObject({
      exit: "usage",
      message: "--subprotocol: number 1 is not a token"
    })
  })

  it.effect("succeeds with nothing", () =>
    Effect.gen(function*() {
      const exit = yield* Effect.exit(judge(
        { satisfied: false, received: 0, unsent: 0, unconfirmed: 0, error: undefined },
        { uncertain: 0, dials: 1, retries: undefined, sessions: 1, wanted: undefined }
      ))
      expect(exit).toEqual(Exit.void)
    }))
})
