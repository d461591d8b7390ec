/**
 * Who knows the token: programs say it in a header, a browser gets a cookie for
 * it. The cookie does not have the token in it, and needs no memory of ours: it
 * is good until its time is over or the token is another one.
 */
import * as Redacted from "effect/Redacted"
import { createHash, createHmac, timingSafeEqual } from "node:crypto"

/** How long a browser need not be asked again, seconds. */
export const sessionSeconds = 7 * 24 * 3600

/** Cookies do not tell ports apart: two of us on one machine must not overwrite each other's. */
export const cookieName = (port: number): string => `holdfast-${port}`

/** Whether this is the token. Takes as long for a wrong one as for the right one. */
export const isToken = (token: Redacted.Redacted<string>, claimed: string): boolean =>
  same(claimed, Redacted.value(token))

/** Whether an `Authorization` header has the token. */
export const isBearer = (token: Redacted.Redacted<string>, header: string | undefined): boolean => {
  const claimed = /^Bearer +(.+)$/i.exec(header ?? "")?.[1]
  return claimed !== undefined && isToken(token, claimed)
}

/** A cookie's value, good for `sessionSeconds` from now, which is in milliseconds since 1970. */
export const openSession = (token: Redacted.Redacted<string>, now: number): string => {
  const until = Math.floor(now / 1000) + sessionSeconds
  return `${until}.${seal(token, until)}`
}

/** Whether this is the value of a cookie that is good now. */
export const isSession = (token: Redacted.Redacted<string>, value: string | undefined, now: number): boolean => {
  const [, until, claimed] = /^([1-9]\d{0,11})\.([\w-]+)$/.exec(value ?? "") ?? []
  if (until === undefined || claimed === undefined) return false
  return same(claimed, seal(token, Number(until))) && Number(until) * 1000 > now
}

const seal = (token: Redacted.Redacted<string>, until: number): string =>
  createHmac("sha256", Redacted.value(token)).update(`holdfast page session until ${until}`).digest("base64url")

/** Digests are of one length, whatever was said. */
const same = (a: string, b: string): boolean => timingSafeEqual(digest(a), digest(b))

const digest = (text: string): Buffer => createHash("sha256").update(text).digest()
