/**
 * A server's certificate: what it says, how long it lasts, and what it means that
 * it is not trusted.
 */
import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"
import type { DetailedPeerCertificate } from "node:tls"
import { plural } from "../inWords.ts"
import { error, type Finding, warning } from "./Step.ts"

export interface Certificate {
  readonly subject: string
  readonly issuer: string
  /** ISO 8601. */
  readonly validFrom: string
  readonly validTo: string
  /** Whole days; negative once it has expired. */
  readonly daysLeft: number
  /** The names and addresses it is for. */
  readonly names: ReadonlyArray<string>
  readonly fingerprint256: string
  /** How many certificates the server sent along. */
  readonly chain: number
}

const day = 86_400_000

/** From Node's form; undefined where the server sent none. `now` is epoch milliseconds. */
export const certificateOf = (peer: DetailedPeerCertificate, now: number): Certificate | undefined => {
  if (peer.valid_to === undefined) return undefined
  return {
    subject: nameOf(peer.subject),
    issuer: nameOf(peer.issuer),
    validFrom: isoOf(peer.valid_from),
    validTo: isoOf(peer.valid_to),
    daysLeft: Math.floor((millisOf(peer.valid_to) - now) / day),
    names: (peer.subjectaltname ?? "").split(", ").filter((name) => name !== "")
      .map((name) => name.replace(/^DNS:|^IP Address:/, "")),
    fingerprint256: peer.fingerprint256,
    chain: chainLength(peer)
  }
}

const nameOf = (name: DetailedPeerCertificate["subject"] | undefined): string => {
  const parts = [name?.CN, name?.O].flat().filter((part): part is string => typeof part === "string" && part !== "")
  return parts.length === 0 ? "nobody" : parts.join(", ")
}

const millisOf = (date: string): number =>
  Option.match(DateTime.make(date), { onNone: () => NaN, onSome: DateTime.toEpochMillis })

// OpenSSL's "Oct 29 22:59:03 2126 GMT" sorts badly and reads worse.
const isoOf = (date: string): string =>
  Option.match(DateTime.make(date), { onNone: () => date, onSome: DateTime.formatIso })

const chainLength = (peer: DetailedPeerCertificate): number => {
  let length = 1
  // The last one, self-signed, names itself.
  for (
    let one = peer;
    one.issuerCertificate !== undefined && one.issuerCertificate !== one;
    one = one.issuerCertificate
  ) {
    length++
  }
  return length
}

/** Below this many days people should hear of it. */
const soon = 14

/** What there is to say of a certificate that is trusted. */
export const findingsOf = (certificate: Certificate | undefined): ReadonlyArray<Finding> =>
  certificate === undefined || certificate.daysLeft >= soon ? [] : [warning(
    `The certificate expires in ${plural(certificate.daysLeft, "day")} (${certificate.validTo.slice(0, 10)}).`,
    "Renew it, and check that the renewal runs by itself."
  )]

/** What Node's doubt about a certificate means. */
export const untrusted = (code: string, host: string, certificate: Certificate | undefined): Finding => {
  switch (code) {
    case "CERT_HAS_EXPIRED":
      return error(
        `The certificate expired ${
          certificate === undefined ? "" : `${-certificate.daysLeft} days ago (${certificate.validTo.slice(0, 10)})`
        }.`,
        "Renew it on the server. If it was renewed, the server has not loaded it yet."
      )
    case "CERT_NOT_YET_VALID":
      return error("The certificate is not valid yet.", "Check the clocks of this machine and of whoever issued it.")
    case "ERR_TLS_CERT_ALTNAME_INVALID":
      return error(
        `The certificate is for ${certificate?.names.join(", ") || "no name at all"}, not for ${host}.`,
        "Use a host name that it is for, or --servername with one, or get a certificate for this one."
      )
    case "DEPTH_ZERO_SELF_SIGNED_CERT":
    case "SELF_SIGNED_CERT_IN_CHAIN":
      return error(
        "The certificate is signed by an authority that this machine does not know (self-signed).",
        "Give the authority's certificate with --ca; if a proxy of your company's is in between, that one's."
      )
    case "UNABLE_TO_VERIFY_LEAF_SIGNATURE":
    case "UNABLE_TO_GET_ISSUER_CERT":
    case "UNABLE_TO_GET_ISSUER_CERT_LOCALLY":
      return error(
        `Nobody that this machine knows vouches for the certificate${
          (certificate?.chain ?? 0) === 1 ? ", and the server sends no intermediate certificate along" : ""
        }.`,
        "Make the server send its whole chain (fullchain.pem), or give a private authority's certificate with --ca."
      )
    case "CERT_REVOKED":
      return error("The certificate was revoked.", "Get a new one.")
    default:
      return error(
        `The certificate is not trusted: ${code}.`,
        "Check it, and give a private authority's certificate with --ca."
      )
  }
}
