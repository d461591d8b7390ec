/**
 * The step from a host name to addresses.
 */
import * as Effect from "effect/Effect"
import * as dns from "node:dns"
import { isIP } from "node:net"
import { dialError } from "./dialError.ts"
import { error, type Problem, problem, type Told } from "./Step.ts"

export interface Address {
  readonly address: string
  readonly family: number
}

/** A host without the brackets of IPv6. */
export const plainHost = (url: URL): string => url.hostname.replace(/^\[|\]$/g, "")

/** All addresses of a host, in the order in which they are to be tried. */
export const resolveName = (
  host: string,
  family: number | undefined
): Effect.Effect<readonly [ReadonlyArray<Address>, Told], Problem> => {
  const literal = isIP(host)
  if (literal !== 0) {
    return Effect.succeed([[{ address: host, family: literal }], { text: `${host} is an address`, details: { host } }])
  }
  return Effect.callback((resume) => {
    dns.lookup(host, { all: true, ...(family === undefined ? {} : { family }) }, (failed, addresses) => {
      if (failed === null) {
        const all = addresses.map(({ address }) => address)
        return resume(
          Effect.succeed([addresses, { text: `${host} is ${all.join(", ")}`, details: { host, addresses: all } }])
        )
      }
      const { code, detail } = dialError(failed, "dns")
      resume(Effect.fail(problem(
        "dns",
        `${host}: ${code}`,
        error(`The name ${host} cannot be resolved: ${code}.`, adviceByCode[code] ?? adviceByCode["ENOTFOUND"]),
        { details: { host, code, detail } }
      )))
    })
  })
}

const adviceByCode: Readonly<Record<string, string>> = {
  ENOTFOUND: "Check the spelling of the host name; nslookup shows what the name server says.",
  EAI_AGAIN: "The name server does not answer: check this machine's network and /etc/resolv.conf."
}
