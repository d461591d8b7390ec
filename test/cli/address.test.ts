import { describe, expect, it } from "vitest"
import * as Address from "../../src/cli/address.ts"

describe("an address", () => {
  it.each([
    ["127.0.0.1:0", { host: "127.0.0.1", port: 0 }],
    ["[::1]:80", { host: "::1", port: 80 }],
    ["localhost:9464", { host: "localhost", port: 9464 }],
    ["x:70000", undefined],
    ["x", undefined],
    [":80", undefined],
    ["80", undefined],
    ["::1:80", undefined]
  ])("%s", (text, address) => {
    expect(Address.parse(text)).toEqual(address)
  })
})

describe("an address that may be a port alone", () => {
  it.each([
    ["9001", { host: "127.0.0.1", port: 9001 }],
    [":9001", { host: "127.0.0.1", port: 9001 }],
    ["0.0.0.0:0", { host: "0.0.0.0", port: 0 }],
    ["[::1]:80", { host: "::1", port: 80 }],
    ["70000", undefined],
    ["nowhere", undefined],
    ["::1:80", undefined]
  ])("%s", (text, address) => {
    expect(Address.parseLocal(text)).toEqual(address)
  })
})

describe("the url of an address", () => {
  it("has brackets around an address of IPv6, and around nothing else", () => {
    expect(Address.url("ws", { host: "::1", port: 80 })).toBe("ws://[::1]:80")
    expect(Address.url("http", { host: "localhost", port: 80 })).toBe("http://localhost:80")
  })
})
