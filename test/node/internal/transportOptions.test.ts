import { assert, describe, it } from "@effect/vitest"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import { Agent } from "node:http"
import { resolve } from "../../../src/node/internal/transportOptions.ts"
import type { NodeTransportOptions } from "../../../src/node/NodeTransport.ts"
import { certificate } from "../../support/realServer.ts"

const config = (options: NodeTransportOptions) => Result.getOrThrow(resolve(options, {}))

describe("the options of the transport", () => {
  it("have the documented defaults", () => {
    assert.deepStrictEqual(config({}), {
      ws: { maxPayload: 16 * 1024 * 1024, perMessageDeflate: false },
      tls: {},
      extensions: [],
      agent: undefined,
      proxyFor: undefined,
      proxySocket: {},
      redirects: 0,
      noDelay: true,
      keepAlive: 30_000
    })
  })

  it("reach ws and Node", () => {
    const agent = new Agent()
    const given = config({
      agent,
      maxPayload: 1,
      maxFragments: 2,
      maxBufferedChunks: 3,
      localAddress: "::1",
      family: 6,
      keepAlive: "1 minute",
      noDelay: false,
      redirects: 4,
      tls: { servername: "a.example", rejectUnauthorized: false }
    })
    assert.deepStrictEqual(given.ws, {
      maxPayload: 1,
      maxFragments: 2,
      maxBufferedChunks: 3,
      perMessageDeflate: false,
      localAddress: "::1",
      family: 6
    })
    assert.deepStrictEqual(given.tls, { servername: "a.example", rejectUnauthorized: false })
    assert.deepStrictEqual(given.proxySocket, { localAddress: "::1", family: 6, rejectUnauthorized: false })
    assert.strictEqual(given.agent, agent)
    assert.deepInclude(given, { redirects: 4, noDelay: false, keepAlive: 60_000 })
    assert.isUndefined(config({ keepAlive: false }).keepAlive)
  })

  it("read a certificate and its encrypted key", () => {
    const { cert, encryptedKey, passphrase } = certificate
    const given = { cert, key: Redacted.make(encryptedKey), passphrase: Redacted.make(passphrase), ca: [cert] }
    assert.isDefined(config({ tls: given }).tls.secureContext)
    assert.deepStrictEqual(config({ tls: given }).proxySocket, { ca: [cert] })
    assert.isDefined(config({ tls: { ca: new TextEncoder().encode(cert) } }).tls.secureContext)
    assert.isDefined(config({ tls: { minVersion: "TLSv1.3" } }).tls.secureContext)
  })

  it.each<[option: string, options: Record<string, unknown>]>([
    ["transport.maxPayload", { maxPayload: 0 }],
    ["transport.maxPayload", { maxPayload: 2 ** 31 }],
    ["transport.maxPayload", { maxPayload: 1.5 }],
    ["transport.maxPayload", { maxPayload: "1" }],
    ["transport.maxFragments", { maxFragments: -1 }],
    ["transport.maxBufferedChunks", { maxBufferedChunks: Number.POSITIVE_INFINITY }],
    ["transport.localAddress", { localAddress: "localhost" }],
    ["transport.family", { family: 5 }],
    ["transport.family", { family: 4, localAddress: "::1" }],
    ["transport.family", { family: 6, localAddress: "127.0.0.1" }],
    ["transport.agent", { agent: {} }],
    ["transport.agent", { agent: new Agent(), proxy: "http://p" }],
    ["transport.proxy", { proxy: "ftp://p" }],
    ["transport.perMessageDeflate", { perMessageDeflate: "yes" }],
    ["transport.redirects", { redirects: -1 }],
    ["transport.noDelay", { noDelay: "no" }],
    ["transport.keepAlive", { keepAlive: 0 }],
    ["transport.keepAlive", { keepAlive: "soon" }],
    ["transport.tls.servername", { tls: { servername: "127.0.0.1" } }],
    ["transport.tls.rejectUnauthorized", { tls: { rejectUnauthorized: "no" } }],
    ["transport.tls.minVersion", { tls: { minVersion: "TLSv1.3", maxVersion: "TLSv1.2" } }],
    ["transport.tls.ca", { tls: { ca: "no certificate" } }],
    ["transport.tls.ca", { tls: { ca: [certificate.cert, new Uint8Array(4)] } }],
    ["transport.tls", { tls: { cert: "no certificate" } }],
    ["transport.tls", { tls: { cert: certificate.cert, key: certificate.encryptedKey } }],
    ["transport.tls", { tls: { cert: certificate.cert, key: certificate.encryptedKey, passphrase: "wrong" } }]
  ])("are refused by name: %s of %o", (option, options) => {
    const result = resolve(options, {})
    assert(Result.isFailure(result))
    assert.strictEqual(result.failure.option, option)
    assert.notInclude(result.failure.message, "wrong")
  })
})
