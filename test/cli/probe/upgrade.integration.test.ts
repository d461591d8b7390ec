import { it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { describe, expect } from "vitest"
import { reach } from "../../../src/cli/probe/reach.ts"
import { firstHop, type ProbedOptions, target } from "../../../src/cli/probe/target.ts"
import { ask, hear, judge } from "../../../src/cli/probe/upgrade.ts"
import * as realServer from "../../support/realServer.ts"

/** The three steps against a server of the test's. */
const handshake = (answer: realServer.Answer, options: Partial<ProbedOptions> = {}) =>
  Effect.gen(function*() {
    const server = yield* realServer.make()
    yield* server.answer(answer)
    const to = yield* target({ ...options, url: `${server.url}feed?token=s3cret` })
    const hop = firstHop(to.request)
    const [incoming] = yield* reach([{ address: "127.0.0.1", family: 4 }], server.port, undefined, Duration.seconds(5))
    const [asked, request] = yield* ask(incoming, hop, to)
    const heard = yield* Effect.result(hear(incoming, false))
    if (heard._tag === "Failure") {
      return { request, server, answer: undefined, judged: undefined, problem: heard.failure }
    }
    const [answered, told] = heard.success
    const verdict = yield* Effect.result(judge(answered, asked, hop, to))
    return {
      request,
      server,
      answer: told,
      judged: verdict._tag === "Success" ? verdict.success : undefined,
      problem: verdict._tag === "Failure" ? verdict.failure : undefined
    }
  })

const accepting: realServer.Answer = ({ accept, socket }) => void socket.write(realServer.switching(accept))

describe("the opening handshake", () => {
  it.live("is sent as the library would, and shown without secrets", () =>
    Effect.gen(function*() {
      const { judged, request, server } = yield* handshake(accepting, {
        headers: { "x-key": Redacted.make("k3y"), "user-agent": "probe" },
        subprotocols: ["chat", Redacted.make("t0ken")],
        requireSubprotocol: false
      })
      expect(judged?.[1].text).toBe("all 7 passed")
      const [asked] = yield* server.asked
      expect(asked).toMatchObject({
        target: "/feed?token=s3cret",
        headers: { "x-key": "k3y", "sec-websocket-protocol": "chat, t0ken", "sec-websocket-version": "13" }
      })
      const shown = JSON.stringify(request)
      for (const text of ["GET /feed?<redacted> HTTP/1.1", "user-agent: probe", "chat, <redacted>"]) {
        expect(shown).toContain(text)
      }
      for (const secret of ["s3cret", "k3y", "t0ken"]) expect(shown).not.toContain(secret)
    }))

  it.live("keeps a page's title, and redacts its cookies", () =>
    Effect.gen(function*() {
      const body = "<html><style>a{}</style><title>\n Welcome </title>…</html>"
      const { answer, problem } = yield* handshake(({ socket }) =>
        void socket.end(realServer.head("200 OK", { "set-cookie": "s3cret", server: "x" }) + body)
      )
      expect(answer?.details).toMatchObject({ status: 200, body: "Welcome", headers: { "set-cookie": "<redacted>" } })
      expect(problem).toMatchObject({ exit: "refused", told: { text: "status failed" } })
    }))

  it.live("is judged by every check, and the first failure is explained", () =>
    Effect.gen(function*() {
      const { problem } = yield* handshake(({ socket }) =>
        void socket.write(realServer.head("101 Switching Protocols", { upgrade: "websocket" }))
      )
      expect(problem).toMatchObject({ exit: "badHandshake", told: { text: "connection, accept failed" } })
      expect(problem?.told.findings?.[0]?.message).toContain("101 without \"Connection: Upgrade\"")
    }))

  it.live("is not valid in HTTP/1.0", () =>
    Effect.gen(function*() {
      const { problem } = yield* handshake(({ accept, socket }) =>
        void socket.write(realServer.switching(accept).replace("HTTP/1.1", "HTTP/1.0"))
      )
      expect(problem).toMatchObject({ told: { text: "http failed" } })
    }))

  it.live("tells a reset from a hang-up, and both from no HTTP", () =>
    Effect.gen(function*() {
      const outcome = (answer: realServer.Answer) =>
        Effect.map(handshake(answer), ({ problem }) => `${problem?.exit} ${problem?.told.text}`)
      expect(yield* outcome(({ socket }) => void socket.end())).toBe("tcp hung up")
      expect(yield* outcome(({ socket }) => void socket.resetAndDestroy())).toBe("tcp ECONNRESET")
      expect(yield* outcome(({ socket }) => void socket.write("220 mail"))).toBe("badHandshake no HTTP: 220 mail")
    }))
})
