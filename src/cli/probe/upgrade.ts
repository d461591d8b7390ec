/**
 * The steps of the opening handshake itself: the request as it is sent, the
 * answer as it came, and what `Handshake.verify` says of it.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { createHash, randomBytes } from "node:crypto"
import type { CheckResult } from "../../Handshake.ts"
import { joinHeaders, redacted, redactHeaders, redactUrl } from "../../internal/redact.ts"
import { shorten } from "../../internal/text.ts"
import type { Target as Hop } from "../../node/internal/redirect.ts"
import { aboutCheck, aboutNoHttp, aboutStatus } from "./diagnosis.ts"
import { dialError } from "./dialError.ts"
import type { Incoming } from "./Incoming.ts"
import { type Head, readHead } from "./responseHead.ts"
import { error, type Problem, problem, type Told } from "./Step.ts"
import type { Target } from "./target.ts"

/** RFC 6455 §1.3. */
const guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

export interface Asked {
  readonly key: string
  /** How it stood on the wire, without secrets. */
  readonly lines: ReadonlyArray<string>
}

/** What of our own headers may be shown: all others may be credentials. */
const harmless: ReadonlySet<string> = new Set(["accept", "accept-language", "host", "origin", "user-agent"])

/** Path and query of a url; those of a Unix socket stand behind its colon. */
const requestTarget = (url: URL): string =>
  url.protocol === "ws+unix:"
    ? `${/:(.*)$/s.exec(url.pathname)?.[1] || "/"}${url.search}`
    : `${url.pathname}${url.search}`

/** Sends the request. */
export const ask = (
  incoming: Incoming,
  hop: Hop,
  { config, request }: Target
): Effect.Effect<readonly [Asked, Told]> =>
  Effect.sync(() => {
    const url = new URL(hop.url)
    const key = randomBytes(16).toString("base64")
    const path = requestTarget(url)
    const { host, ...own } = hop.headers
    const offer = config.extensions.join(", ")
    const secret = new Set(request.secretSubprotocols)
    const given: ReadonlyArray<readonly [name: string, value: string, shown: string]> = [
      both("Host", host ?? (url.protocol === "ws+unix:" ? "localhost" : url.host)),
      both("Upgrade", "websocket"),
      both("Connection", "Upgrade"),
      both("Sec-WebSocket-Key", key),
      both("Sec-WebSocket-Version", "13"),
      ...(offer === "" ? [] : [both("Sec-WebSocket-Extensions", offer)]),
      ...(hop.subprotocols.length === 0 ? [] : [
        [
          "Sec-WebSocket-Protocol",
          hop.subprotocols.join(", "),
          hop.subprotocols.map((name) => secret.has(name) ? redacted : name).join(", ")
        ] as const
      ]),
      ...Object.entries(own).map(([name, value]) => [name, value, harmless.has(name) ? value : redacted] as const)
    ]
    const write = (path: string, column: 1 | 2) => [
      `GET ${path} HTTP/1.1`,
      ...given.map((header) => `${header[0]}: ${header[column]}`)
    ]
    incoming.socket.write(`${write(path, 1).join("\r\n")}\r\n\r\n`)
    const lines = write(redactUrl(path), 2)
    return [{ key, lines }, { text: lines[0] ?? "", lines: lines.slice(1), details: { lines } }]
  })

const both = (name: string, value: string) => [name, value, value] as const

export interface Answer {
  readonly head: Head
  readonly headers: Readonly<Record<string, string>>
  /** The beginning of what came behind the head, where it is a page and no frames. */
  readonly body: string
}

/** Reads the answer's head, and a little of a refusal's body. */
export const hear = (incoming: Incoming, secure: boolean): Effect.Effect<readonly [Answer, Told], Problem> =>
  Effect.gen(function*() {
    const head = yield* incoming.when(() => readHead(incoming.bytes) ?? (incoming.over ? "gone" : undefined))
    if (head === "gone") {
      const failed = incoming.error === undefined ? undefined : dialError(incoming.error, "response")
      const code = failed?.code ?? "hung up"
      const isTls = failed?.phase === "tls"
      return yield* problem(
        isTls ? "tls" : "tcp",
        code,
        isTls
          ? error(`The server broke TLS off with ${code}.`, "It may want a certificate of ours: give --cert and --key.")
          : error(
            "The server, or a proxy before it, hung up without an answer.",
            `Check the path and the port${secure ? "" : "; a port that speaks TLS wants wss://"}, and the server's log.`
          ),
        { details: { code } }
      )
    }
    if (head._tag === "NoHead") {
      const details = { sample: head.sample }
      return yield* problem("badHandshake", `no HTTP: ${head.sample}`, aboutNoHttp(head), { details })
    }
    incoming.bytes = incoming.bytes.subarray(head.length)
    const headers = joinHeaders(head.headers)
    const body = head.status === 101 ? "" : yield* readBody(incoming, headers["content-length"])
    const shown = redactHeaders(head.headers)
    const lines = Object.entries(shown).map(([name, value]) => `${name}: ${shorten(value, 160)}`)
    const excerpt = excerptOf(body)
    return [{ head, headers, body }, {
      text: `HTTP/${head.version} ${head.status} ${head.phrase}`.trimEnd(),
      lines: excerpt === "" ? lines : [...lines, `body: ${excerpt}`],
      details: {
        status: head.status,
        version: head.version,
        headers: shown,
        ...(excerpt === "" ? {} : { body: excerpt })
      }
    }] as const
  })

const enough = 4096

const readBody = (incoming: Incoming, length: string | undefined): Effect.Effect<string> => {
  const wanted = Math.min(enough, length === undefined ? enough : Number(length) || 0)
  return incoming.when(() => incoming.bytes.length >= wanted || incoming.over ? true : undefined).pipe(
    // Who sends it without a length need not end it either.
    Effect.timeoutOption("500 millis"),
    Effect.map(() => incoming.bytes.toString("utf8", 0, enough))
  )
}

/** What a person would read of a page: its title, or its first words. */
const excerptOf = (body: string): string => {
  const title = /<title[^>]*>([^<]*)<\/title>/i.exec(body)?.[1]
  const text = title ?? body.replace(/<(style|script)[^>]*>.*?<\/\1>/gis, " ").replace(/<[^>]*>/g, " ")
  return shorten(text.replace(/[\p{Cc}\s]+/gu, " ").trim(), 120)
}

/** Judges the answer, check by check. */
export const judge = (
  answer: Answer,
  asked: Asked,
  hop: Hop,
  target: Target
): Effect.Effect<readonly [string | undefined, Told], Problem> =>
  Effect.gen(function*() {
    const { head, headers } = answer
    const isHttp = head.version === "1.1" && head.flaw === undefined
    const verdict = target.verify({
      request: { ...target.request, ...hop, extensions: target.config.extensions },
      expectedAccept: createHash("sha1").update(asked.key + guid).digest("base64"),
      status: head.status,
      headers: head.headers
    })
    const checks: ReadonlyArray<CheckResult> = [
      { check: "http", ok: isHttp, expected: "HTTP/1.1", actual: head.flaw ?? `HTTP/${head.version}` },
      ...verdict.checks
    ]
    // What a page says in place of a handshake is no handshake that failed in five ways.
    const judged = head.status === 101 ? checks : checks.filter(({ check }) => check === "status")
    const failed = judged.filter(({ ok }) => !ok)
    const details = { checks: checks.map((check) => judged.includes(check) ? check : { ...check, ok: null }) }
    const lines = judged.map(({ actual, check, expected, ok }) =>
      ok ? `✓ ${check.padEnd(12)} ${actual}` : `✗ ${check.padEnd(12)} expected ${expected}; got ${actual}`
    )
    if (judged !== checks) lines.push("– without a 101 the other checks say nothing")
    if (failed.length === 0 && Option.isNone(verdict.failure)) {
      return [headers["sec-websocket-protocol"]?.trim(), {
        text: `all ${checks.length} passed`,
        lines,
        details
      }] as const
    }
    const text = `${failed.map(({ check }) => check).join(", ")} failed`
    return yield* head.status === 101
      ? problem("badHandshake", text, aboutCheck(failed[0], answer), { lines, details })
      : problem("refused", text, aboutStatus(answer, new URL(hop.url), target.request), { lines, details })
  })
