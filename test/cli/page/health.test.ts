import { describe, expect, it } from "vitest"
import { health, readiness } from "../../../src/cli/page/health.ts"
import { reportOf } from "../../support/fakeFleet.ts"

const open = reportOf("open")
const waiting = reportOf("waiting", { state: "Waiting" })
const closed = reportOf("closed", { state: "Closed", gaveUp: false })
const gaveUp = reportOf("gone", { state: "Closed", gaveUp: true })

describe("health", () => {
  it("is about connections that nothing will bring back, and no others", () => {
    expect(health({ reports: [], trusted: true }).status).toBe(200)
    expect(health({ reports: [open, waiting, closed], trusted: true }).status).toBe(200)
    const { body, status } = health({ reports: [open, gaveUp], trusted: true })
    expect(status).toBe(503)
    expect(body).toMatchObject({
      status: "unhealthy",
      message: "1 of 2 connections gave up for good.",
      names: ["gone"]
    })
  })
})

describe("readiness", () => {
  it("is that every connection is open now, or every one that is asked for", () => {
    const facts = { reports: [open, waiting, closed], trusted: true }
    expect(readiness(facts, [])).toMatchObject({
      status: 503,
      body: { status: "notReady", message: "2 of 3 connections are not open.", names: ["waiting", "closed"] }
    })
    expect(readiness(facts, ["open"])).toMatchObject({ status: 200, body: { status: "ready" } })
    expect(readiness(facts, ["open", "waiting"]).body.message).toBe("1 of 2 connections is not open.")
    expect(readiness({ ...facts, reports: [open, reportOf("b")] }, []).body.message).toBe("All 2 connections are open.")
  })

  it("is not there before there are connections", () => {
    expect(readiness({ reports: [], trusted: true }, []).status).toBe(503)
  })

  it("says which connection is unknown", () => {
    expect(readiness({ reports: [open], trusted: true }, ["open", "x"])).toMatchObject({
      status: 404,
      body: { status: "unknownConnection", names: ["x"] }
    })
  })

  it("tells no names to who may not know them", () => {
    for (
      const verdict of [
        health({ reports: [gaveUp], trusted: false }),
        readiness({ reports: [waiting], trusted: false }, []),
        readiness({ reports: [waiting], trusted: false }, ["waiting"])
      ]
    ) {
      expect(JSON.stringify(verdict)).not.toMatch(/"names"|gone|"waiting"/)
    }
  })
})
