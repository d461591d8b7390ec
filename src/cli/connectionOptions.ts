/**
 * From flags to the options of a connection: files are read, the environment is
 * asked, and whatever is wrong names its flag. No sentence quotes a secret.
 */
import type { Environment } from "effect/cli/Prompt"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type { ConnectionError } from "../ConnectionError.ts"
import type * as NodeConnection from "../node/NodeConnection.ts"
import type { NodeTransportOptions, TlsOptions } from "../node/NodeTransport.ts"
import { basicAuth } from "./basicAuth.ts"
import type { ConnectionFlags } from "./connectionFlags.ts"
import { type CliFailure, connectionFailure, failure } from "./failure.ts"

const usage = (message: string, advice?: string) => Effect.fail(failure("usage", message, advice))

/** The options of a connection, with those of its own transport. */
export interface ReachOptions extends NodeConnection.Options {
  readonly transport: NodeTransportOptions
}

/** What the library takes for this url and these flags. Fails with exit `usage`. */
export const connectionOptions = (
  url: string,
  flags: ConnectionFlags
): Effect.Effect<ReachOptions, CliFailure, Environment> =>
  Effect.gen(function*() {
    if (hasBrokenScheme(url)) return yield* usage("The url's scheme must end with ://, as in wss://host/path.")
    const headers = yield* requestHeaders(flags)
    const transport = yield* transportOptions(flags)
    return {
      // It may hold a token.
      url: Redacted.make(withScheme(url)),
      headers,
      subprotocols: flags.subprotocol.flatMap((names) => names.split(",")).map((name) => name.trim()),
      requireSubprotocol: !flags.allowNoSubprotocol,
      timeout: Option.getOrUndefined(flags.handshakeTimeout),
      transport
    }
  })

/** `wss//host` and `wss:/host` would else be dialled as a host `wss`, for ever. */
const hasBrokenScheme = (url: string): boolean => /^(?:wss?|https?)(?:\/\/|:\/(?!\/))/i.test(url)

/** `localhost:8080/path` is taken as `ws://localhost:8080/path`. */
export const withScheme = (url: string): string =>
  /^(?:[a-z][a-z0-9.+-]*:\/\/|ws\+unix:)/i.test(url) ? url : `ws://${url}`

/**
 * What an error of the library means for the command: an option that can never
 * work is named by its flag.
 */
export const optionFailure = (error: ConnectionError, dials?: number): CliFailure => {
  const { reason } = error
  if (reason._tag !== "InvalidRequest") return connectionFailure(error, { dials })
  const flag = flagOf[reason.option] ?? reason.option
  // A number without a unit is milliseconds to the library, and seconds to a flag.
  return durations.has(reason.option)
    ? failure("usage", `${flag} must be finite and longer than zero, such as 10s.`)
    : failure("usage", `${flag}: ${reason.problem}`)
}

const durations: ReadonlySet<string> = new Set(["timeout", "heartbeat.interval", "heartbeat.timeout"])

const flagOf: Readonly<Record<string, string>> = {
  url: "the url",
  headers: "--header",
  subprotocols: "--subprotocol",
  timeout: "--handshake-timeout",
  "heartbeat.interval": "--heartbeat",
  "heartbeat.timeout": "--heartbeat-timeout",
  "transport.tls": "--cert, --key, --ca or --passphrase",
  "transport.tls.ca": "--ca",
  "transport.tls.servername": "--servername",
  "transport.proxy": "--proxy",
  "transport.maxPayload": "--max-payload",
  "transport.localAddress": "--local-address",
  "transport.family": "--family",
  "transport.redirects": "--redirects"
}

// ---------------------------------------------------------------------------
// headers
// ---------------------------------------------------------------------------

type Header = readonly [name: string, value: string]

const requestHeaders = (
  flags: ConnectionFlags
): Effect.Effect<Readonly<Record<string, Redacted.Redacted>>, CliFailure, FileSystem.FileSystem> =>
  Effect.gen(function*() {
    const all: Array<Header> = []
    for (const header of flags.header) all.push(yield* headerLine("--header", Redacted.value(header)))
    for (const file of flags.headerFile) all.push(...(yield* headersOfFile(file)))
    for (const pair of flags.headerEnv) all.push(yield* headerOfVariable(pair))
    const basic = yield* authorization(flags)
    if (basic !== undefined) {
      if (all.some(([name]) => name.toLowerCase() === "authorization")) {
        return yield* usage("--auth and an Authorization header exclude each other: give one of them.")
      }
      all.push(["authorization", basic])
    }
    if (Option.isSome(flags.origin)) all.push(["origin", flags.origin.value])
    if (Option.isSome(flags.host)) all.push(["host", flags.host.value])
    return joined(all)
  })

/** What came several times becomes one header (RFC 9110 §5.3; cookies by RFC 6265 §5.4). */
const joined = (headers: ReadonlyArray<Header>): Readonly<Record<string, Redacted.Redacted>> => {
  const values = new Map<string, string>()
  for (const [given, value] of headers) {
    const name = given.toLowerCase()
    const before = values.get(name)
    values.set(name, before === undefined ? value : `${before}${name === "cookie" ? "; " : ", "}${value}`)
  }
  return Object.fromEntries(Array.from(values, ([name, value]) => [name, Redacted.make(value)]))
}

const headerLine = (flag: string, line: string): Effect.Effect<Header, CliFailure> => {
  const colon = line.indexOf(":")
  const name = line.slice(0, colon).trim()
  return colon === -1 || name === ""
    ? usage(`${flag} must be 'Name: value', with a colon after the name.`)
    : Effect.succeed([name, line.slice(colon + 1).trim()])
}

const headersOfFile = (file: string): Effect.Effect<ReadonlyArray<Header>, CliFailure, FileSystem.FileSystem> =>
  Effect.flatMap(read("--header-file", file), (bytes) => {
    const lines = new TextDecoder().decode(bytes).split(/\r?\n/)
    return Effect.forEach(
      lines.map((line, index) => ({ line, number: index + 1 }))
        .filter(({ line }) => line.trim() !== "" && !line.startsWith("#")),
      ({ line, number }) => headerLine(`--header-file ${file}, line ${number},`, line)
    )
  })

const headerOfVariable = (pair: string): Effect.Effect<Header, CliFailure> => {
  const equals = pair.indexOf("=")
  const name = pair.slice(0, equals).trim()
  if (equals === -1 || name === "") {
    return usage("--header-env must be Name=VARIABLE, such as Authorization=API_TOKEN.")
  }
  return Effect.map(variable("--header-env", pair.slice(equals + 1).trim()), (value) => [name, Redacted.value(value)])
}

const authorization = (flags: ConnectionFlags): Effect.Effect<string | undefined, CliFailure> =>
  Effect.gen(function*() {
    if (Option.isSome(flags.auth) && Option.isSome(flags.authEnv)) {
      return yield* usage("--auth and --auth-env exclude each other: give one of them.")
    }
    const given = Option.isSome(flags.authEnv)
      ? yield* variable("--auth-env", flags.authEnv.value)
      : Option.getOrUndefined(flags.auth)
    if (given === undefined) return undefined
    const credentials = Redacted.value(given)
    if (!credentials.includes(":")) {
      return yield* usage(`${Option.isSome(flags.auth) ? "--auth" : "--auth-env"} must be user:password, with a colon.`)
    }
    return basicAuth(credentials)
  })

// ---------------------------------------------------------------------------
// the way to the server
// ---------------------------------------------------------------------------

const transportOptions = (
  flags: ConnectionFlags
): Effect.Effect<NodeTransportOptions, CliFailure, Environment> =>
  Effect.map(tlsOptions(flags), (tls) => ({
    tls,
    proxy: Option.getOrUndefined(
      Option.map(flags.proxy, (proxy) => Redacted.value(proxy) === "env" ? "env" as const : proxy)
    ),
    localAddress: Option.getOrUndefined(flags.localAddress),
    family: Option.getOrUndefined(Option.map(flags.family, (family) => family === "4" ? 4 as const : 6 as const)),
    redirects: Option.getOrElse(flags.redirects, () => flags.location ? 10 : 0),
    perMessageDeflate: flags.compress,
    maxPayload: Option.getOrUndefined(flags.maxPayload)
  }))

const tlsOptions = (
  flags: ConnectionFlags
): Effect.Effect<TlsOptions, CliFailure, Environment> =>
  Effect.gen(function*() {
    if (Option.isSome(flags.key) && Option.isNone(flags.cert)) {
      return yield* usage("--key needs --cert: give the certificate that the key belongs to.")
    }
    const ca = yield* Effect.forEach(flags.ca, (file) => read("--ca", file))
    const cert = yield* Effect.transposeOption(Option.map(flags.cert, (file) => read("--cert", file)))
    const key = yield* Effect.transposeOption(Option.map(flags.key, (file) => read("--key", file)))
    return {
      ca: ca.length === 0 ? undefined : ca,
      cert: Option.getOrUndefined(cert),
      key: Option.getOrUndefined(Option.map(key, (pem) => Redacted.make(pem))),
      passphrase: yield* passphrase(flags),
      servername: Option.getOrUndefined(flags.servername),
      rejectUnauthorized: flags.noCheck ? false : undefined
    }
  })

const passphrase = (
  flags: ConnectionFlags
): Effect.Effect<Redacted.Redacted | undefined, CliFailure, Environment> => {
  if (Option.isSome(flags.passphrase)) return Effect.succeed(flags.passphrase.value)
  if (Option.isSome(flags.passphraseEnv)) return variable("--passphrase-env", flags.passphraseEnv.value)
  return flags.askPassphrase
    ? Effect.flatMap(Effect.promise(() => import("./passphrase.ts")), ({ askPassphrase }) => askPassphrase)
    : Effect.undefined
}

// ---------------------------------------------------------------------------
// files and variables
// ---------------------------------------------------------------------------

const read = (flag: string, file: string): Effect.Effect<Uint8Array, CliFailure, FileSystem.FileSystem> =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    return yield* Effect.catch(fs.readFile(file), ({ reason }) =>
      usage(
        reason._tag === "NotFound"
          ? `${flag}: there is no file ${file}.`
          : reason._tag === "PermissionDenied"
          ? `${flag}: ${file} may not be read by this user.`
          : `${flag}: ${file} cannot be read.`
      ))
  })

const variable = (flag: string, name: string): Effect.Effect<Redacted.Redacted, CliFailure> =>
  Effect.catch(
    Effect.suspend(() => Config.Redacted(name)),
    () => usage(`${flag}: the environment variable ${name} is not set.`)
  )
