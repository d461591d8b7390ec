import { Result } from "effect"
import { Agent } from "node:http"
import { describe, expect, it } from "vitest"
import type { Opening } from "../../../src/node/internal/openingHandshake.ts"
import { resolve } from "../../../src/node/internal/transportOptions.ts"
import { clientOptions } from "../../../src/node/internal/webSocketOptions.ts"
import type { NodeTransportOptions } from "../../../src/node/NodeTransport.ts"

const told = (
  { options = {}, secure = true, subprotocols = [], tunnel }: {
    readonly options?: NodeTransportOptions
    readonly secure?: boolean
    readonly subprotocols?: ReadonlyArray<string>
    readonly tunnel?: Opening["tunnel"]
  }
): Record<string, unknown> => {
  const url = `${secure ? "wss" : "ws"}://feed.example/`
  const target = { url, endpoint: url, headers: { authorization: "Bearer t" }, subprotocols }
  const config = Result.getOrThrow(resolve(options, {}))
  const never = () => {
    throw new Error("nothing is dialled here")
  }
  return { ...clientOptions({ config, target, tunnel }, secure, never, never) }
}

describe("what ws is told", () => {
  it("has the target's headers, and the subprotocols as one of them, so that ws does not judge the answer", () => {
    expect(told({})["headers"]).toEqual({ authorization: "Bearer t" })
    expect(told({ subprotocols: ["v2", "v1"] })["headers"])
      .toEqual({ authorization: "Bearer t", "Sec-WebSocket-Protocol": "v2,v1" })
  })

  it("has the options of TLS for wss alone", () => {
    const options = { tls: { servername: "other.example", rejectUnauthorized: false } }
    expect(told({ options })).toMatchObject({ ...options.tls, secureEndpoint: true })
    const plain = told({ options, secure: false })
    expect(plain).toMatchObject({ secureEndpoint: false })
    expect(plain).not.toHaveProperty("servername")
    expect(plain).not.toHaveProperty("rejectUnauthorized")
  })

  it("has the limits, and compression only where it is asked for", () => {
    expect(told({})).toMatchObject({ maxPayload: 16 * 1024 * 1024, perMessageDeflate: false })
    expect(told({ options: { maxPayload: 5, perMessageDeflate: true } }))
      .toMatchObject({ maxPayload: 5, perMessageDeflate: expect.anything() })
  })

  it("has the tunnel's agent, else the user's", () => {
    const agent = new Agent()
    expect(told({ options: { agent }, secure: false })["agent"]).toBe(agent)
    const through = new Agent()
    expect(told({ tunnel: { agent: through, abort: () => {} } })["agent"]).toBe(through)
  })
})
