/**
 * The flags of everything that is needed to reach a server. Spread into a
 * command's own; `connectionOptions` makes of them what the library takes.
 */
import * as Argument from "effect/cli/Argument"
import type * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { durationFlag, sizeFlag } from "./quantities.ts"
import { toggle } from "./toggle.ts"

const pem = (name: string, what: string): Flag.Flag<string> =>
  Flag.String(name).pipe(Flag.withMetavar("file"), Flag.withDescription(what))

/** The url of the server. */
export const urlArgument = Argument.String("url").pipe(
  Argument.withDescription("wss://host/path; ws:// where no scheme is given; ws+unix:/path/to.sock:/path")
)

/** Flags of the request, of TLS, and of the way to the server. */
export const connectionFlags = {
  subprotocol: Flag.String("subprotocol").pipe(
    Flag.withAlias("s"),
    Flag.withMetavar("name"),
    Flag.withDescription("Subprotocol to offer; several by repeating it, or with commas"),
    Flag.atLeast(0)
  ),
  allowNoSubprotocol: toggle("allow-no-subprotocol", "Take a server that names none of the offered subprotocols"),
  header: Flag.Redacted("header").pipe(
    Flag.withAlias("H"),
    Flag.withMetavar("'Name: value'"),
    Flag.withDescription("Header to send; may be repeated"),
    Flag.atLeast(0)
  ),
  headerEnv: Flag.String("header-env").pipe(
    Flag.withMetavar("Name=VARIABLE"),
    Flag.withDescription("Header whose value is in an environment variable; may be repeated"),
    Flag.atLeast(0)
  ),
  headerFile: Flag.String("header-file").pipe(
    Flag.withMetavar("file"),
    Flag.withDescription("File with one 'Name: value' a line; may be repeated"),
    Flag.atLeast(0)
  ),
  auth: Flag.Redacted("auth").pipe(
    Flag.withMetavar("user:password"),
    Flag.withDescription("Basic authentication"),
    Flag.optional
  ),
  authEnv: Flag.String("auth-env").pipe(
    Flag.withMetavar("VARIABLE"),
    Flag.withDescription("The same, from an environment variable that holds user:password"),
    Flag.optional
  ),
  origin: Flag.String("origin").pipe(
    Flag.withAlias("o"),
    Flag.withMetavar("origin"),
    Flag.withDescription("Origin to send, as a browser's page would"),
    Flag.optional
  ),
  host: Flag.String("host").pipe(
    Flag.withMetavar("name"),
    Flag.withDescription("Host header, where it is not the url's"),
    Flag.optional
  ),
  ca: pem("ca", "Certificates (PEM) to trust in place of the usual ones; may be repeated").pipe(Flag.atLeast(0)),
  cert: pem("cert", "Our certificate (PEM), for servers that want one").pipe(Flag.optional),
  key: pem("key", "The private key of --cert (PEM)").pipe(Flag.optional),
  passphrase: Flag.Redacted("passphrase").pipe(
    Flag.withMetavar("text"),
    Flag.withDescription("What --key is encrypted with; other users see it in the list of processes"),
    Flag.optional
  ),
  passphraseEnv: Flag.String("passphrase-env").pipe(
    Flag.withMetavar("VARIABLE"),
    Flag.withDescription("The same, from an environment variable"),
    Flag.optional
  ),
  askPassphrase: toggle("ask-passphrase", "The same, asked for on the terminal"),
  noCheck: toggle("no-check", "Take a server that cannot prove who it is; for tests only").pipe(Flag.withAlias("n")),
  servername: Flag.String("servername").pipe(
    Flag.withMetavar("name"),
    Flag.withDescription("Host name to ask for in TLS and to check the certificate for"),
    Flag.optional
  ),
  proxy: Flag.Redacted("proxy").pipe(
    Flag.withMetavar("url"),
    Flag.withDescription("HTTP proxy to go through (CONNECT), or 'env' for what HTTPS_PROXY and NO_PROXY say"),
    Flag.optional
  ),
  localAddress: Flag.String("local-address").pipe(
    Flag.withMetavar("address"),
    Flag.withDescription("Address of this machine to dial from"),
    Flag.optional
  ),
  family: Flag.Literals("family", ["4", "6"]).pipe(
    Flag.withDescription("Dial IPv4 or IPv6 addresses only"),
    Flag.optional
  ),
  redirects: Flag.Int("redirects").pipe(
    Flag.withMetavar("number"),
    Flag.withDescription("Redirects to follow at most; none by default"),
    Flag.optional
  ),
  location: toggle("location", "Follow redirects, ten at most").pipe(Flag.withAlias("L")),
  compress: toggle("compress", "Offer compression (permessage-deflate)"),
  maxPayload: sizeFlag("max-payload").pipe(
    Flag.withDescription("Largest message to take; 16MiB by default"),
    Flag.optional
  ),
  handshakeTimeout: durationFlag("handshake-timeout").pipe(
    Flag.withDescription("For DNS, TCP, TLS and the server's answer together; 10s by default"),
    Flag.optional
  )
} satisfies Command.Command.Config

/** What the flags said. */
export type ConnectionFlags = Command.Command.Config.Infer<typeof connectionFlags>
