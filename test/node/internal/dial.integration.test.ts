// The ways to a server: TLS, proxies, redirects, Unix sockets, agents.
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { mkdtempSync, rmSync } from "node:fs"
import { Agent as HttpAgent } from "node:http"
import { Agent as HttpsAgent } from "node:https"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as ConnectProxy from "../../support/connectProxy.ts"
import { connect, dial, type DialOptions, refusal } from "../../support/dialling.ts"
import * as RealServer from "../../support/realServer.ts"

const { cert, encryptedKey, key, passphrase } = RealServer.certificate
const secure = RealServer.make({ tls: { cert, key } })

/** Both ends talk to each other. */
const works = (server: RealServer.RealServer, options?: DialOptions) =>
  Effect.gen(function*() {
    const { link, peer } = yield* connect(server, options)
    yield* link.write(["there"])
    assert.strictEqual(yield* peer.receive, "there")
    yield* peer.send("back")
    assert.deepStrictEqual(yield* link.pull, ["back"])
    return link
  })

describe("a url that did not pass through Handshake", () => {
  it.live("is taken as ws or wss where it says http or https: never in the clear for https", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      yield* dial(server.url.replace("ws:", "http:"))
      const reason = yield* refusal(server.url.replace("ws:", "https:"), { headers: { authorization: "secret" } })
        .pipe(Effect.timeoutOption("250 millis"))
      assert.isTrue(Option.isNone(reason))
      assert.strictEqual((yield* server.asked).length, 1)
      const tls = yield* secure
      yield* works({ ...tls, url: tls.url.replace("wss:", "https:") }, { tls: { ca: cert } })
    }))

  it.live("may have userinfo, over which the header wins", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      const url = server.url.replace("//", "//user:p%40ss@")
      yield* dial(url)
      yield* dial(url, { headers: { authorization: "Bearer t" } })
      assert.deepStrictEqual((yield* server.asked).map(({ headers }) => headers["authorization"]), [
        `Basic ${btoa("user:p@ss")}`,
        "Bearer t"
      ])
    }))

  it.live.each(["nonsense", "ftp://127.0.0.1/", "ws://127.0.0.1/#secret"])(
    "is refused where it is none: %s",
    (url) =>
      Effect.gen(function*() {
        const reason = yield* refusal(url)
        assert.deepInclude(reason, { _tag: "InvalidRequest", option: "url" })
        assert.notInclude(reason.message, "secret")
      })
  )
})

describe("TLS", () => {
  it.live("opens with the certificate that is trusted, and tells its phases", () =>
    Effect.gen(function*() {
      const server = yield* secure
      const phases: Array<string> = []
      yield* works(server, { tls: { ca: cert }, progress: (phase) => phases.push(phase) })
      assert.deepStrictEqual(phases, ["tcp", "tls", "response"])
    }))

  it.live("opens where everything is accepted", () =>
    Effect.gen(function*() {
      yield* works(yield* secure, { tls: { rejectUnauthorized: false } })
    }))

  it.live("flushes small and large writes", () =>
    Effect.gen(function*() {
      const { link, peer } = yield* connect(yield* secure, { tls: { ca: cert } })
      yield* peer.pauseReading
      link.offer("one")
      link.offer("two")
      yield* link.flush
      assert.strictEqual(link.buffered(), 0)
      yield* peer.resumeReading
      yield* link.write([new Uint8Array(3_000_000)])
      yield* link.flush
      assert.strictEqual(link.buffered(), 0)
      assert.strictEqual(yield* peer.receive, "one")
      assert.strictEqual(yield* peer.receive, "two")
      assert.strictEqual((yield* peer.receive).length, 3_000_000)
    }))

  it.live("with a certificate nobody vouches for is refused for good", () =>
    Effect.gen(function*() {
      const server = yield* secure
      const error = yield* Effect.flip(dial(server.url))
      assert.deepInclude(error.reason, { _tag: "ConnectFailed", phase: "tls", code: "DEPTH_ZERO_SELF_SIGNED_CERT" })
      assert.isFalse(error.isRetryable)
      yield* server.idle
      assert.strictEqual(yield* server.openLinks, 0)
    }))

  it.live("with a certificate for another name is refused for good", () =>
    Effect.gen(function*() {
      const server = yield* secure
      const error = yield* Effect.flip(dial(server.url, { tls: { ca: cert, servername: "example.org" } }))
      assert.deepInclude(error.reason, { _tag: "ConnectFailed", phase: "tls", code: "ERR_TLS_CERT_ALTNAME_INVALID" })
      assert.isFalse(error.isRetryable)
    }))

  it.live("spoken to a plain port is refused for good", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make({ silent: true })
      const fiber = yield* Effect.forkChild(Effect.flip(dial(server.url.replace("ws:", "wss:"))))
      const socket = yield* server.connection
      socket.write("HTTP/1.1 400 Bad Request\r\n\r\n")
      const error = yield* Fiber.join(fiber)
      assert.deepInclude(error.reason, { _tag: "ConnectFailed", phase: "tls" })
      assert.match(error.message, /ERR_SSL_/)
      assert.isFalse(error.isRetryable)
    }))

  it.live("that ends in the middle is a failure of TLS that may be tried again", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make({ silent: true })
      const fiber = yield* Effect.forkChild(Effect.flip(dial(server.url.replace("ws:", "wss:"))))
      const socket = yield* server.connection
      // The client's hello.
      yield* Effect.callback<void>((resume) => void socket.once("data", () => resume(Effect.void)))
      socket.resetAndDestroy()
      const error = yield* Fiber.join(fiber)
      assert.deepInclude(error.reason, { _tag: "ConnectFailed", phase: "tls", code: "ECONNRESET" })
      assert.isTrue(error.isRetryable)
    }))

  it.live("presents a certificate of ours, its key encrypted", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make({
        tls: { cert, key, ca: cert, requestCert: true, rejectUnauthorized: true }
      })
      const ours = { ca: [cert], cert, key: Redacted.make(encryptedKey), passphrase: Redacted.make(passphrase) }
      yield* works(server, { tls: ours })
      const reason = yield* refusal(server.url, { tls: { ca: cert, maxVersion: "TLSv1.2" } })
      assert.deepInclude(reason, { _tag: "ConnectFailed", phase: "tls" })
    }))
})

describe("a proxy", () => {
  for (const scheme of ["ws", "wss"] as const) {
    const target = scheme === "ws" ? RealServer.make() : secure

    it.live(`tunnels ${scheme}, with its credentials and none of ours`, () =>
      Effect.gen(function*() {
        const server = yield* target
        const proxy = yield* ConnectProxy.make("tunnel")
        const phases: Array<string> = []
        yield* works(server, {
          proxy: Redacted.make(`http://user:p%40ss@${proxy.host}`),
          headers: { authorization: "Bearer secret" },
          tls: { ca: cert },
          progress: (phase) => phases.push(phase)
        })
        const [head = ""] = proxy.asked
        assert.match(head, new RegExp(`^CONNECT 127.0.0.1:${server.port} HTTP/1.1\r\n`))
        assert.include(head, `Proxy-Authorization: Basic ${btoa("user:p@ss")}`)
        assert.notInclude(head, "secret")
        assert.strictEqual((yield* server.asked)[0]?.headers["authorization"], "Bearer secret")
        assert.deepStrictEqual(phases, scheme === "ws" ? ["tcp", "response"] : ["tcp", "tls", "response"])
      }))

    it.live(`that refuses ${scheme} is named as what failed, and nothing is left`, () =>
      Effect.gen(function*() {
        const server = yield* target
        const proxy = yield* ConnectProxy.make(
          "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n"
        )
        const reason = yield* refusal(server.url, { proxy: new URL(`http://user:secret@${proxy.host}`) })
        assert.deepInclude(reason, { _tag: "ConnectFailed", phase: "proxy", code: "HTTP_407" })
        assert.notInclude(reason.message, "secret")
        assert.deepStrictEqual(yield* server.asked, [])
        yield* proxy.idle
      }))

    it.live(`that never answers leaves nothing when the dial of ${scheme} is interrupted`, () =>
      Effect.gen(function*() {
        const proxy = yield* ConnectProxy.make("silence")
        const fiber = yield* Effect.forkChild(dial(`${scheme}://127.0.0.1:9/`, { proxy: proxy.host }))
        yield* proxy.request
        yield* Fiber.interrupt(fiber)
        yield* proxy.idle
      }))

    it.live(`is left with nothing when ${scheme} is interrupted behind it`, () =>
      Effect.gen(function*() {
        const server = yield* RealServer.make({ silent: true })
        const proxy = yield* ConnectProxy.make("tunnel")
        const url = server.url.replace("ws:", `${scheme}:`)
        const fiber = yield* Effect.forkChild(dial(url, { proxy: proxy.host }))
        yield* server.connection
        yield* Fiber.interrupt(fiber)
        yield* proxy.idle
        yield* server.idle
      }))

    it.live(`that hangs up on ${scheme} is named as what failed`, () =>
      Effect.gen(function*() {
        const proxy = yield* ConnectProxy.make("")
        const reason = yield* refusal(`${scheme}://127.0.0.1:9/`, { proxy: proxy.host })
        assert.deepInclude(reason, { _tag: "ConnectFailed", phase: "proxy" })
        yield* proxy.idle
      }))
  }

  describe("that is spoken to over TLS", () => {
    for (const scheme of ["ws", "wss"] as const) {
      it.live(`tunnels ${scheme}, with its credentials, where it is trusted as servers are`, () =>
        Effect.gen(function*() {
          const server = yield* scheme === "ws" ? RealServer.make() : secure
          const proxy = yield* ConnectProxy.make("tunnel", { cert, key })
          for (const tls of [{ ca: cert }, { rejectUnauthorized: false }]) {
            yield* works(server, { proxy: `https://user:p%40ss@${proxy.host}`, tls })
            assert.include(proxy.asked.at(-1), `Proxy-Authorization: Basic ${btoa("user:p@ss")}`)
          }
          assert.strictEqual(proxy.asked.length, 2)
        }))

      it.live(`is named as what failed where nobody vouches for it, and is told nothing of ${scheme}`, () =>
        Effect.gen(function*() {
          const proxy = yield* ConnectProxy.make("tunnel", { cert, key })
          const error = yield* Effect.flip(dial(`${scheme}://127.0.0.1:9/`, { proxy: `https://u:p@${proxy.host}` }))
          assert.deepInclude(error.reason, {
            _tag: "ConnectFailed",
            phase: "proxy",
            code: "DEPTH_ZERO_SELF_SIGNED_CERT"
          })
          assert.isFalse(error.isRetryable)
          assert.deepStrictEqual(proxy.asked, [])
          yield* proxy.idle
        }))

      it.live(`and refuses ${scheme} is named as what failed, and nothing is left`, () =>
        Effect.gen(function*() {
          const proxy = yield* ConnectProxy.make(
            "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n",
            { cert, key }
          )
          const reason = yield* refusal(`${scheme}://127.0.0.1:9/`, {
            proxy: `https://u:p@${proxy.host}`,
            tls: { ca: cert }
          })
          assert.deepInclude(reason, { _tag: "ConnectFailed", phase: "proxy", code: "HTTP_407" })
          yield* proxy.idle
        }))
    }

    it.live("never sees our own certificate", () =>
      Effect.gen(function*() {
        const server = yield* RealServer.make({
          tls: { cert, key, ca: cert, requestCert: true, rejectUnauthorized: true }
        })
        const seen: Array<unknown> = []
        const proxy = yield* ConnectProxy.make("tunnel", {
          cert,
          key,
          requestCert: true,
          rejectUnauthorized: false,
          onCertificate: (certificate) => seen.push(certificate)
        })
        yield* works(server, { proxy: `https://${proxy.host}`, tls: { ca: cert, cert, key } })
        assert.deepStrictEqual(seen, [{}])
      }))
  })

  it.live("that answers in no HTTP is named as what failed", () =>
    Effect.gen(function*() {
      const proxy = yield* ConnectProxy.make("SSH-2.0-OpenSSH_9.2\r\n\r\n")
      const reason = yield* refusal("ws://127.0.0.1:9/", { proxy: proxy.host })
      assert.deepInclude(reason, { _tag: "ConnectFailed", phase: "proxy", code: "UNKNOWN" })
      assert.include(reason.message, "not answer in HTTP")
    }))

  it.live("is asked from the address that was given", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      const proxy = yield* ConnectProxy.make("tunnel")
      yield* works(server, { proxy: proxy.host, localAddress: "127.0.0.3" })
      assert.deepStrictEqual(proxy.from, ["127.0.0.3"])
    }))

  it.live("that is not there is named as what failed", () =>
    Effect.gen(function*() {
      const host = yield* Effect.scoped(Effect.map(ConnectProxy.make("tunnel"), (proxy) => proxy.host))
      const reason = yield* refusal("ws://127.0.0.1:9/", { proxy: `http://${host}` })
      assert.deepInclude(reason, { _tag: "ConnectFailed", phase: "proxy", code: "ECONNREFUSED" })
    }))

  it.live("is taken from the environment, unless the target is excepted", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      const proxy = yield* ConnectProxy.make("tunnel")
      const names = ["http_proxy", "no_proxy"]
      const before = names.map((name) => process.env[name])
      yield* Effect.addFinalizer(() =>
        Effect.sync(() => {
          names.forEach((name, index) => {
            if (before[index] === undefined) delete process.env[name]
            else process.env[name] = before[index]
          })
        })
      )
      process.env["http_proxy"] = `http://${proxy.host}`
      process.env["no_proxy"] = "localhost"
      yield* works(server, { proxy: "env" })
      assert.strictEqual(proxy.asked.length, 1)
      process.env["no_proxy"] = "127.0.0.0/8"
      yield* works(server, { proxy: "env" })
      assert.strictEqual(proxy.asked.length, 1)
    }))
})

describe("a redirect", () => {
  const to = (location: string, status = 307): RealServer.Answer => ({ socket }) =>
    void socket.end(RealServer.head(`${status} Elsewhere`, { location, "content-length": "0" }))

  const chain = Effect.gen(function*() {
    const first = yield* RealServer.make()
    const second = yield* RealServer.make()
    return { first, second }
  })

  it.live("is a refusal by default, and its location is named without its query", () =>
    Effect.gen(function*() {
      const { first, second } = yield* chain
      yield* first.answer(to(`${second.url}there?token=secret`))
      const error = yield* Effect.flip(dial(first.url))
      assert.deepInclude(error.reason, { _tag: "HandshakeRejected", status: 307 })
      assert.include(error.message, `${second.url}there`)
      assert.notInclude(error.message, "secret")
      assert.isFalse(error.isRetryable)
    }))

  it.live("is followed where that was asked for, to another origin without what may be a credential", () =>
    Effect.gen(function*() {
      const { first, second } = yield* chain
      yield* first.answer(to(second.url.replace("ws:", "http:") + "there?q=1#x"))
      const link = yield* dial(first.url, {
        redirects: 1,
        subprotocols: ["secret", "a"],
        secretSubprotocols: ["secret"],
        headers: {
          authorization: "Bearer secret",
          cookie: "secret",
          "proxy-authorization": "secret",
          "x-api-key": "secret",
          "user-agent": "holdfast-test",
          "accept-language": "de",
          origin: "https://app.example"
        }
      })
      assert.strictEqual(link.endpoint, `${second.url}there`)
      const [asked] = yield* second.asked
      assert(asked !== undefined)
      assert.strictEqual(asked.target, "/there?q=1")
      assert.notInclude(JSON.stringify(asked.headers), "secret")
      assert.deepInclude(asked.headers, {
        "user-agent": "holdfast-test",
        "accept-language": "de",
        origin: "https://app.example",
        "sec-websocket-protocol": "a"
      })
      yield* first.idle
    }))

  it.live("within the origin takes the headers along", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      yield* server.answer((wire) => {
        if (wire.asked.target === "/") return to("/v2?x=1", 302)(wire)
        wire.socket.write(RealServer.switching(wire.accept))
        wire.accepted()
      })
      yield* dial(server.url, { redirects: 1, headers: { authorization: "Bearer t" } })
      const asked = yield* server.asked
      assert.deepStrictEqual(asked.map((one) => [one.target, one.headers["authorization"]]), [
        ["/", "Bearer t"],
        ["/v2?x=1", "Bearer t"]
      ])
    }))

  it.live("in a circle ends at the number that was asked for", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      yield* server.answer(to("/"))
      const reason = yield* refusal(server.url, { redirects: 3 })
      assert.deepInclude(reason, { _tag: "HandshakeRejected", status: 307 })
      assert.strictEqual((yield* server.asked).length, 4)
      yield* server.idle
    }))

  it.live("never leads from wss to ws", () =>
    Effect.gen(function*() {
      const server = yield* secure
      const plain = yield* RealServer.make()
      yield* server.answer(to(plain.url))
      const reason = yield* refusal(server.url, { redirects: 5, tls: { ca: cert } })
      assert.deepInclude(reason, { _tag: "HandshakeRejected", status: 307 })
      assert.deepStrictEqual(yield* plain.asked, [])
    }))

  it.live("that fails at its target is reported with the target's endpoint", () =>
    Effect.gen(function*() {
      const { first, second } = yield* chain
      yield* first.answer(to(`${second.url}there`))
      yield* second.reject(403)
      const error = yield* Effect.flip(dial(first.url, { redirects: 1 }))
      assert.deepInclude(error.reason, { _tag: "HandshakeRejected", status: 403 })
      assert.strictEqual(error.endpoint, `${second.url}there`)
    }))
})

describe("a Unix socket", () => {
  const folder = Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "holdfast-"))),
    (path) => Effect.sync(() => rmSync(path, { recursive: true }))
  )

  it.live("is dialled with its path, and asked for the request's", () =>
    Effect.gen(function*() {
      const path = join(yield* folder, "s")
      const server = yield* RealServer.make({ path })
      yield* dial(`ws+unix:${path}:/feed?x=1`)
      assert.strictEqual((yield* server.asked)[0]?.target, "/feed?x=1")
      const reason = yield* refusal(`ws+unix:${path}-not:/`)
      assert.deepInclude(reason, { _tag: "ConnectFailed", phase: "tcp", code: "ENOENT" })
    }))

  it.live("may have in its path what a url has only percent-encoded: blanks, colons, a lone percent sign", () =>
    Effect.gen(function*() {
      const inside = yield* folder
      for (const [name, written] of [["a b", "a b"], ["a:b", "a%3Ab"], ["100%", "100%"]] as const) {
        const server = yield* RealServer.make({ path: join(inside, name) })
        yield* dial(`ws+unix:${inside}/${written}:/feed`)
        assert.strictEqual((yield* server.asked)[0]?.target, "/feed")
      }
    }))
})

describe("an agent", () => {
  it.live("of the user's makes the sockets", () =>
    Effect.gen(function*() {
      let made = 0
      class Counting extends HttpAgent {
        override createConnection(...args: Parameters<HttpAgent["createConnection"]>) {
          made++
          return super.createConnection(...args)
        }
      }
      yield* works(yield* RealServer.make(), { agent: new Counting() })
      assert.strictEqual(made, 1)
      yield* works(yield* secure, { agent: new HttpsAgent({ ca: cert }) })
      const phases: Array<string> = []
      yield* works(yield* secure, {
        agent: new HttpsAgent(),
        tls: { ca: cert },
        progress: (phase) => phases.push(phase)
      })
      assert.strictEqual(phases.at(-1), "response")
    }))

  it.live("of the other scheme is refused by name", () =>
    Effect.gen(function*() {
      const agents = [new HttpAgent(), new HttpsAgent()]
      for (const [index, scheme] of ["wss", "ws"].entries()) {
        const reason = yield* refusal(`${scheme}://127.0.0.1:9/`, { agent: agents[index] })
        assert.deepInclude(reason, { _tag: "InvalidRequest", option: "transport.agent" })
        assert.include(reason.message, `an Agent of node:${scheme === "ws" ? "http" : "https"}`)
      }
    }))

  it.live("that keeps sockets alive gets none of a refused dial", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      yield* server.answer(({ socket }) => {
        socket.write(RealServer.head("404 No", { "content-length": "0", connection: "keep-alive" }))
      })
      const agent = new HttpAgent({ keepAlive: true })
      yield* refusal(server.url, { agent })
      yield* server.idle
      assert.strictEqual(yield* server.openLinks, 0)
    }))
})

describe("the address to dial from", () => {
  it.live("is the one that was given", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      yield* works(server, { localAddress: "127.0.0.2" })
      assert.strictEqual((yield* server.connection).remoteAddress, "127.0.0.2")
    }))
})
