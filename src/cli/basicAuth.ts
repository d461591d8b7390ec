/**
 * Basic authentication (RFC 7617 §2).
 */

/** The value of an `Authorization` header, of `user:password`. */
export const basicAuth = (credentials: string): string => `Basic ${Buffer.from(credentials).toString("base64")}`

/** The value of that header which a url asks for, if it names a user. */
export const basicAuthOf = ({ password, username }: URL): string | undefined =>
  username === "" && password === "" ? undefined : basicAuth(`${decoded(username)}:${decoded(password)}`)

/** A percent sign may stand for itself. */
const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
