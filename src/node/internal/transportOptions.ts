/**
 * The transport's options, checked: what can never work is refused with a
 * sentence, before anything is dialled.
 */
import * as Duration from "effect/Duration"
import { format } from "effect/Formatter"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import type { Agent } from "node:http"
import { isIP } from "node:net"
import * as tls from "node:tls"
import { InvalidRequest } from "../../ConnectionError.ts"
import { positiveDuration } from "../../internal/duration.ts"
import type { NodeTransportOptions, TlsOptions } from "../NodeTransport.ts"
import { deflate } from "./deflateOptions.ts"
import { type ProxyFor, proxyFor, type ProxySocketOptions } from "./proxy.ts"
import type { Environment } from "./proxyEnv.ts"

/** The options in the terms of `ws` and Node. */
export interface Config {
  /** For every target. */
  readonly ws: {
    readonly maxPayload: number
    readonly maxFragments?: number
    readonly maxBufferedChunks?: number
    readonly perMessageDeflate: false | Record<string, unknown>
    readonly localAddress?: string
    readonly family?: number
  }
  /** For wss only. */
  readonly tls: tls.ConnectionOptions
  /** The offer, one element an extension. */
  readonly extensions: ReadonlyArray<string>
  readonly agent: Agent | undefined
  readonly proxyFor: ProxyFor | undefined
  readonly proxySocket: ProxySocketOptions
  readonly redirects: number
  readonly noDelay: boolean
  /** Milliseconds until the first probe; undefined for none. */
  readonly keepAlive: number | undefined
}

type Checked<A> = Result.Result<A, InvalidRequest>

const invalid = (option: string, problem: string): Checked<never> =>
  Result.fail(new InvalidRequest({ option: `transport.${option}`, problem }))

const got = (value: unknown): string => `; got ${format(value).slice(0, 60)}`

const checked = <A>(
  option: string,
  value: unknown,
  isLegal: (value: unknown) => value is A,
  wanted: string
): Checked<A | undefined> =>
  value === undefined || isLegal(value) ? Result.succeed(value) : invalid(option, `must be ${wanted}${got(value)}`)

// `ws` reads its limits as 32-bit integers, and 0 as no limit.
const largest = 2 ** 31 - 1

export const integer = (
  option: string,
  value: unknown,
  from: number,
  to: number,
  unit: string
): Checked<number | undefined> =>
  checked(
    option,
    value,
    (u): u is number => Number.isInteger(u) && (u as number) >= from && (u as number) <= to,
    `a whole number of ${unit} from ${from} to ${to}`
  )

const flag = (option: string, value: unknown): Checked<boolean | undefined> =>
  checked(option, value, Predicate.isBoolean, "true or false")

/** 16 MiB. */
const defaultMaxPayload = 16 * 1024 * 1024

export const resolve = (options: NodeTransportOptions, env: Environment): Checked<Config> =>
  Result.gen(function*() {
    const isGroup: boolean = Predicate.isObject(options)
    if (!isGroup) {
      return yield* Result.fail(
        new InvalidRequest({ option: "transport", problem: "must be an object with the options of this group" })
      )
    }
    if (options.agent !== undefined && options.proxy !== undefined) {
      return yield* invalid("agent", "cannot be given beside `transport.proxy`, which has an agent of its own")
    }
    const maxPayload = yield* integer("maxPayload", options.maxPayload, 1, largest, "bytes")
    const maxFragments = yield* integer("maxFragments", options.maxFragments, 1, largest, "fragments")
    const maxBufferedChunks = yield* integer("maxBufferedChunks", options.maxBufferedChunks, 1, largest, "chunks")
    const localAddress = yield* checked(
      "localAddress",
      options.localAddress,
      (u): u is string => Predicate.isString(u) && isIP(u) !== 0,
      "an IP address of this machine"
    )
    const family = yield* checked("family", options.family, (u): u is 4 | 6 => u === 4 || u === 6, "4 or 6")
    if (localAddress !== undefined && family !== undefined && isIP(localAddress) !== family) {
      return yield* invalid("family", `must be ${isIP(localAddress)} to dial from ${localAddress}, or left out`)
    }
    const agent = yield* checked(
      "agent",
      options.agent,
      (u): u is Agent => Predicate.hasProperty(u, "addRequest"),
      "an Agent of node:http or node:https"
    )
    const compression = yield* deflate(options.perMessageDeflate)
    const from = {
      ...(localAddress === undefined ? undefined : { localAddress }),
      ...(family === undefined ? undefined : { family })
    }
    const tls = yield* tlsOptions(options.tls ?? {})
    return {
      ws: {
        maxPayload: maxPayload ?? defaultMaxPayload,
        perMessageDeflate: compression.ws,
        ...(maxFragments === undefined ? undefined : { maxFragments }),
        ...(maxBufferedChunks === undefined ? undefined : { maxBufferedChunks }),
        ...from
      },
      tls,
      extensions: compression.offer,
      agent,
      proxyFor: yield* proxyFor(options.proxy, env),
      proxySocket: {
        ...from,
        // Our own certificate is none of its business.
        ...(options.tls?.ca === undefined ? undefined : { ca: options.tls.ca }),
        ...(tls.rejectUnauthorized === undefined ? undefined : { rejectUnauthorized: tls.rejectUnauthorized })
      },
      redirects: (yield* integer("redirects", options.redirects, 0, 100, "redirects")) ?? 0,
      noDelay: (yield* flag("noDelay", options.noDelay)) ?? true,
      keepAlive: options.keepAlive === false
        ? undefined
        : Duration.toMillis(yield* positiveDuration("transport.keepAlive", options.keepAlive ?? "30 seconds"))
    }
  })

const plain = <A>(value: A | Redacted.Redacted<A> | undefined): A | undefined =>
  Redacted.isRedacted(value) ? Redacted.value<A>(value) : value

const tlsOptions = (options: TlsOptions): Checked<tls.ConnectionOptions> =>
  Result.gen(function*() {
    const isGroup: boolean = Predicate.isObject(options)
    if (!isGroup) return yield* invalid("tls", "must be an object with the options of this group")
    const rejectUnauthorized = yield* flag("tls.rejectUnauthorized", options.rejectUnauthorized)
    const servername = yield* checked(
      "tls.servername",
      options.servername,
      // RFC 6066 §3: no addresses.
      (u): u is string => Predicate.isString(u) && u !== "" && isIP(u) === 0,
      "a host name"
    )
    if (options.minVersion === "TLSv1.3" && options.maxVersion === "TLSv1.2") {
      return yield* invalid("tls.minVersion", "must not be above `tls.maxVersion`: no version is left")
    }
    return {
      ...(yield* secureContext(options)),
      ...(rejectUnauthorized === undefined ? undefined : { rejectUnauthorized }),
      ...(servername === undefined ? undefined : { servername })
    }
  })

/** Read once, so that a wrong key is found now and not at each dial. */
const secureContext = (options: TlsOptions): Checked<Pick<tls.ConnectionOptions, "secureContext">> => {
  const given = {
    ca: options.ca,
    cert: options.cert,
    key: plain(options.key),
    passphrase: plain(options.passphrase),
    ciphers: options.ciphers,
    minVersion: options.minVersion,
    maxVersion: options.maxVersion
  }
  const material = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
  if (Object.keys(material).length === 0) return Result.succeed({})
  // Node takes any text here and then trusts nobody.
  if (![options.ca ?? []].flat().every(isCertificate)) {
    return invalid("tls.ca", "must be one or several certificates in PEM")
  }
  return Result.try({
    try: () => ({ secureContext: tls.createSecureContext(material as tls.SecureContextOptions) }),
    catch: (error) =>
      new InvalidRequest({
        option: "transport.tls",
        problem: `cannot be used: ${error instanceof Error ? error.message : String(error)}`
      })
  })
}

const isCertificate = (pem: unknown): boolean =>
  (Predicate.isString(pem) || pem instanceof Uint8Array) &&
  /-----BEGIN [A-Z0-9 ]*CERTIFICATE-----/.test(Buffer.from(pem).toString("latin1"))
