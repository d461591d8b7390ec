import type { DetailedPeerCertificate } from "node:tls"
import { describe, expect, it } from "vitest"
import { certificateOf, findingsOf, untrusted } from "../../../src/cli/probe/certificate.ts"

const issuer = { CN: "Authority", O: "Example Inc" }
const peer = {
  subject: { CN: "feed.example" },
  issuer,
  valid_from: "Jan  1 00:00:00 2026 GMT",
  valid_to: "Apr  1 00:00:00 2026 GMT",
  subjectaltname: "DNS:feed.example, DNS:*.feed.example, IP Address:192.0.2.1",
  fingerprint256: "AA",
  issuerCertificate: { subject: issuer }
} as unknown as DetailedPeerCertificate

const at = (date: string) => certificateOf(peer, Date.parse(date))

describe("a certificate", () => {
  it("is told in words and numbers", () => {
    expect(at("2026-03-01T00:00:00Z")).toEqual({
      subject: "feed.example",
      issuer: "Authority, Example Inc",
      validFrom: "2026-01-01T00:00:00.000Z",
      validTo: "2026-04-01T00:00:00.000Z",
      daysLeft: 31,
      names: ["feed.example", "*.feed.example", "192.0.2.1"],
      fingerprint256: "AA",
      chain: 2
    })
    expect(certificateOf({} as DetailedPeerCertificate, 0)).toBeUndefined()
  })

  it("that expires soon is worth a warning", () => {
    expect(findingsOf(at("2026-03-01T00:00:00Z"))).toEqual([])
    expect(findingsOf(at("2026-03-25T12:00:00Z"))).toMatchObject([
      { level: "warning", message: "The certificate expires in 6 days (2026-04-01)." }
    ])
    expect(findingsOf(at("2026-03-30T12:00:00Z"))).toMatchObject([{ message: expect.stringContaining("in 1 day (") }])
    expect(findingsOf(undefined)).toEqual([])
  })

  it.each([
    ["CERT_HAS_EXPIRED", "The certificate expired 10 days ago (2026-04-01)."],
    ["CERT_NOT_YET_VALID", "not valid yet"],
    ["ERR_TLS_CERT_ALTNAME_INVALID", "for feed.example, *.feed.example, 192.0.2.1, not for other.example"],
    ["DEPTH_ZERO_SELF_SIGNED_CERT", "self-signed"],
    ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "Nobody that this machine knows vouches"],
    ["CERT_REVOKED", "revoked"],
    ["SOMETHING_ELSE", "SOMETHING_ELSE"]
  ])("that is not trusted says why: %s", (code, words) => {
    const finding = untrusted(code, "other.example", at("2026-04-11T00:00:00Z"))
    expect(finding.message).toContain(words)
    expect(finding.advice).toBeDefined()
  })
})
