import * as Effect from "effect/Effect"
import * as TestTransport from "../../src/testing/TestTransport.ts"
import { transportSuite } from "../suites/transport.ts"

const everything = { ping: true, pause: true, headers: true, response: true, closeCodes: "any" } as const
const browser = { ping: false, pause: false, headers: false, response: false, closeCodes: "1000,3000-4999" } as const

transportSuite({
  name: "TestTransport under virtual time",
  capabilities: everything,
  it: "virtual",
  make: Effect.map(TestTransport.make, (made) => ({ ...made, url: "ws://test/" }))
})

transportSuite({
  name: "TestTransport under real time",
  capabilities: everything,
  it: "live",
  make: Effect.map(TestTransport.make, (made) => ({ ...made, url: "ws://test/" }))
})

transportSuite({
  name: "TestTransport as a browser",
  capabilities: browser,
  it: "virtual",
  make: Effect.map(TestTransport.makeWith({ capabilities: browser }), (made) => ({ ...made, url: "ws://test/" }))
})
