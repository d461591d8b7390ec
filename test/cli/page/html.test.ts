import { describe, expect, it } from "vitest"
import { login, page } from "../../../src/cli/page/html.ts"

describe("the documents", () => {
  it("have no inline script or style, which the policy would refuse", () => {
    for (const html of [page, login(), login("This is not the token.")]) {
      expect(html).not.toMatch(/<style|style=|\son\w+=|<script(?![^>]*\ssrc=)/)
    }
  })

  it("have relative addresses only, so that a reverse proxy may put them anywhere", () => {
    for (const html of [page, login()]) expect(html).not.toMatch(/(?:src|href|action)="(?:\/|http)/)
  })

  it("say what went wrong with the token, where something did", () => {
    expect(login()).not.toContain("role=\"alert\"")
    expect(login("This is not the token.")).toContain("role=\"alert\">This is not the token.<")
  })
})
