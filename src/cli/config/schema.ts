/**
 * The Schema of a config file: what may stand where. Values stay as they were
 * written; `{ file = … }` has become a `Redacted` by the time it is checked.
 */
import * as Schema from "effect/Schema"
import { Duration, DurationOrInfinity, Size } from "./quantities.ts"

/** What may stand here, for the sentence about what does not. */
const expects = (text: string) => <S extends Schema.Top>(schema: S): S["Rebuild"] => schema.annotate({ expects: text })
const optional = Schema.optionalKey

const Text = Schema.String.pipe(
  Schema.check(Schema.makeFilter((text) => text.length > 0 || "is empty")),
  expects("a text that is not empty")
)
const Flag = Schema.Boolean.pipe(expects("true or false"))
const Count = Schema.Number.pipe(
  Schema.check(Schema.makeFilter((n) => (Number.isSafeInteger(n) && n > 0) || "is no count")),
  expects("a whole number above 0")
)
/** More connections than any process can hold are a slip. */
const Members = Schema.Number.pipe(
  Schema.check(Schema.makeFilter((n) => (Number.isSafeInteger(n) && n > 0 && n <= 100_000) || "is no count")),
  expects("a whole number from 1 to 100000")
)
const CountOrNone = Schema.Number.pipe(
  Schema.check(Schema.makeFilter((n) => (Number.isSafeInteger(n) && n >= 0) || "is no count")),
  expects("a whole number, 0 or more")
)
const Numeric = Schema.Number.pipe(expects("a number"))
const oneOf = <const A extends ReadonlyArray<string>>(...names: A) =>
  Schema.Literals(names).pipe(expects(names.map((name) => JSON.stringify(name)).join(" or ")))
const Pattern = Text.pipe(
  Schema.check(Schema.makeFilter((text) => isPattern(text) || "is no regular expression")),
  expects("a regular expression")
)
const isPattern = (text: string): boolean => {
  try {
    return new RegExp(text) instanceof RegExp
  } catch {
    return false
  }
}

/** A text that may be a secret, or a secret's file. */
export const Secret = Schema.Union([Text, Schema.Redacted(Schema.String)]).pipe(
  expects(`a text, or { file = "/path/of/the/secret" }`)
)

/** A message: a text, a secret's file, bytes, or data that is sent as JSON. */
export const Message = Schema.Union([
  Text,
  Schema.Redacted(Schema.String),
  Schema.Struct({
    base64: Schema.String.pipe(
      Schema.check(Schema.makeFilter((text) => /^[A-Za-z0-9+/]*={0,2}$/.test(text) || "is no base64")),
      expects("bytes in base64")
    )
  }),
  Schema.Struct({ json: Schema.Unknown })
]).pipe(expects(`a text, { json = … }, { base64 = "…" } or { file = "…" }`))

/** A program with its arguments, or a line for /bin/sh. */
const Program = Schema.Union([
  Text,
  Schema.Array(Schema.String).pipe(Schema.check(Schema.makeFilter((words) => words.length > 0 || "is empty")))
]).pipe(expects(`a line for /bin/sh, or a list: ["program", "argument"]`))

const Backoff = { first: optional(Duration), cap: optional(Duration) }

// --- one connection -----------------------------------------------------------

const Heartbeat = Schema.Union([
  Schema.Literal(false),
  Schema.Struct({
    interval: optional(Duration),
    timeout: optional(Duration),
    message: optional(Message),
    reply: optional(Pattern),
    idle: optional(Duration)
  })
]).pipe(expects(`false, or a group such as { interval = "25 seconds", timeout = "15 seconds" }`))

const Reconnect = Schema.Union([
  Schema.Literal(false),
  Schema.Struct({
    first: optional(Duration),
    base: optional(Duration),
    factor: optional(Numeric),
    cap: optional(Duration),
    times: optional(CountOrNone),
    during: optional(Duration),
    resetAfter: optional(DurationOrInfinity)
  })
]).pipe(expects(`false, or a group such as { cap = "30 seconds" }`))

const Tls = Schema.Struct({
  ca: optional(
    Schema.Union([Secret, Schema.Array(Secret)]).pipe(
      expects(`a certificate, or { file = "/path" }, or a list of them`)
    )
  ),
  cert: optional(Secret),
  key: optional(Secret),
  passphrase: optional(Secret),
  servername: optional(Text),
  rejectUnauthorized: optional(Flag),
  minVersion: optional(oneOf("TLSv1.2", "TLSv1.3")),
  maxVersion: optional(oneOf("TLSv1.2", "TLSv1.3")),
  ciphers: optional(Text)
})

const Compression = Schema.Union([
  Flag,
  Schema.Struct({
    threshold: optional(Size),
    level: optional(Numeric),
    memLevel: optional(Numeric),
    concurrencyLimit: optional(Count),
    clientMaxWindowBits: optional(Numeric),
    serverMaxWindowBits: optional(Numeric),
    clientNoContextTakeover: optional(Flag),
    serverNoContextTakeover: optional(Flag)
  })
]).pipe(expects(`true, false, or a group such as { threshold = "1 KiB" }`))

const Inbound = Schema.Struct({
  highWaterMark: optional(Size),
  overflow: optional(oneOf("backpressure", "dropOldest", "dropNewest", "fail")),
  unread: optional(oneOf("keepLatest", "discard", "pause")),
  maxPause: optional(Duration)
})

const Outbound = Schema.Struct({
  highWaterMark: optional(Size),
  whileDisconnected: optional(
    Schema.Union([
      Schema.Literals(["suspend", "fail", "drop"]),
      Schema.Struct({
        buffer: Schema.Struct({ messages: optional(Count), bytes: optional(Size) }),
        overflow: optional(oneOf("suspend", "fail", "dropOldest", "dropNewest"))
      })
    ]).pipe(expects(`"suspend", "fail", "drop", or a group such as { buffer = { messages = 1000 } }`))
  ),
  rateLimit: optional(Schema.Struct({ limit: Count, window: Duration }))
})

const Greet = Schema.Union([
  Schema.Array(Message),
  Schema.Struct({
    send: optional(Schema.Array(Message)),
    reply: optional(Pattern),
    timeout: optional(Duration)
  })
]).pipe(expects(`a list of messages, or { send = ["hello"], reply = "regular expression" }`))

const Auth = Schema.Struct({ bearer: optional(Secret), username: optional(Text), password: optional(Secret) }).pipe(
  Schema.check(Schema.makeFilter((auth) =>
    (auth.bearer === undefined
      ? auth.username !== undefined
      : auth.username === undefined && auth.password === undefined) || "is incomplete"
  )),
  expects(`either { bearer = "…" } or { username = "…", password = "…" }`)
)

// --- sinks ----------------------------------------------------------------------

/** How many messages wait for a sink, and what becomes of more. */
const Queued = {
  queue: optional(Count),
  queueSize: optional(Size),
  onFull: optional(oneOf("backpressure", "drop"))
}
const Written = { format: optional(oneOf("raw", "ndjson")) }

/** Where messages go. */
export const Sink = Schema.Union([
  Schema.Struct({ type: Schema.Literal("stdout"), ...Written, ...Queued }),
  Schema.Struct({
    type: Schema.Literal("file"),
    path: Text,
    ...Written,
    maxSize: optional(Size),
    maxFiles: optional(CountOrNone),
    every: optional(oneOf("hour", "day", "week")),
    ...Queued
  }),
  Schema.Struct({
    type: Schema.Literal("command"),
    command: Program,
    concurrency: optional(Count),
    timeout: optional(Duration),
    ...Written,
    ...Queued
  }),
  Schema.Struct({
    type: Schema.Literal("pipe"),
    command: Program,
    ...Written,
    restart: optional(Schema.Struct(Backoff)),
    ...Queued
  }),
  Schema.Struct({
    type: Schema.Literal("http"),
    url: Secret,
    method: optional(oneOf("POST", "PUT", "PATCH")),
    headers: optional(Schema.Record(Schema.String, Secret)),
    auth: optional(Auth),
    contentType: optional(Text),
    batch: optional(Schema.Struct({ messages: Count, within: optional(Duration) })),
    timeout: optional(Duration),
    retry: optional(
      Schema.Union([Schema.Literal(false), Schema.Struct({ ...Backoff, during: optional(DurationOrInfinity) })]).pipe(
        expects(`false, or a group such as { cap = "30 seconds", during = "1 hour" }`)
      )
    ),
    ...Queued
  }),
  Schema.Struct({ type: Schema.Literal("connection"), connection: Text, ...Written, ...Queued }),
  Schema.Struct({
    type: Schema.Literal("websocket"),
    url: Secret,
    headers: optional(Schema.Record(Schema.String, Secret)),
    auth: optional(Auth),
    subprotocols: optional(Schema.Array(Secret)),
    tls: optional(Tls),
    ...Written,
    ...Queued
  })
]).pipe(
  expects(
    `the name of a sink, or a group whose type is "stdout", "file", "command", "pipe", "http", "connection" or "websocket"`
  )
)

/** Where messages go. */
export type Sink = typeof Sink.Type

// --- sources --------------------------------------------------------------------

const Read = { format: optional(oneOf("text", "base64")) }

/** Where messages come from. */
export const Source = Schema.Union([
  Schema.Struct({ type: Schema.Literal("stdin"), ...Read }),
  Schema.Struct({
    type: Schema.Literal("file"),
    path: Text,
    start: optional(oneOf("end", "beginning")),
    every: optional(Duration),
    ...Read
  }),
  Schema.Struct({ type: Schema.Literal("fifo"), path: Text, create: optional(Flag), ...Read }),
  Schema.Struct({
    type: Schema.Literal("command"),
    command: Program,
    restart: optional(
      Schema.Union([Schema.Literal(false), Schema.Struct(Backoff)]).pipe(
        expects(`false, or a group such as { first = "1 second", cap = "30 seconds" }`)
      )
    ),
    ...Read
  })
]).pipe(expects(`"stdin", or a group whose type is "stdin", "file", "fifo" or "command"`))

/** Where messages come from. */
export type Source = typeof Source.Type

// --- the whole ------------------------------------------------------------------

const ConnectionKeys = {
  url: optional(Secret),
  headers: optional(Schema.Record(Schema.String, Secret)),
  auth: optional(Auth),
  subprotocols: optional(Schema.Array(Secret)),
  requireSubprotocol: optional(Flag),
  timeout: optional(Duration),
  heartbeat: optional(Heartbeat),
  reconnect: optional(Reconnect),
  tls: optional(Tls),
  proxy: optional(Secret),
  maxPayload: optional(Size),
  compression: optional(Compression),
  localAddress: optional(Text),
  family: optional(Schema.Literals([4, 6]).pipe(expects("4 or 6"))),
  keepAlive: optional(
    Schema.Union([Schema.Literal(false), Duration]).pipe(
      expects(`false, or a duration such as "30 seconds"`)
    )
  ),
  noDelay: optional(Flag),
  redirects: optional(CountOrNone),
  inbound: optional(Inbound),
  outbound: optional(Outbound),
  greet: optional(Greet),
  closeTimeout: optional(Duration),
  closeCode: optional(CountOrNone),
  to: optional(Schema.Array(
    Schema.Union([Text, Sink]).pipe(expects(
      `the name of a sink, or a group whose type is "stdout", "file", "command", "pipe", "http", "connection" or "websocket"`
    ))
  )),
  from: optional(Schema.Array(
    Schema.Union([Text, Source]).pipe(expects(
      `"stdin", or a group whose type is "stdin", "file", "fifo" or "command"`
    ))
  ))
}

/** What all connections inherit. */
export const Defaults = Schema.Struct(ConnectionKeys)

/** One connection, or, with `count` or `each`, many alike. */
export const Connection = Schema.Struct({
  ...ConnectionKeys,
  count: optional(Members),
  each: optional(Schema.Array(Text))
})

/** What one connection is told. */
export type ConnectionKeys = typeof Defaults.Type

/** What a section of `connections` says. */
export type Connection = typeof Connection.Type

/** A whole config file. */
export const ConfigFile = Schema.Struct({
  name: optional(Text.pipe(
    Schema.check(Schema.makeFilter((name) => /^[A-Za-z0-9][\w.-]*$/.test(name) || "is no name")),
    expects("a name of letters, digits, dots, dashes and underscores")
  )),
  http: optional(Schema.Struct({ listen: Text, token: optional(Secret) })),
  log: optional(Schema.Struct({ file: optional(Text), maxSize: optional(Size), maxFiles: optional(CountOrNone) })),
  daemon: optional(Schema.Struct({
    folder: optional(Text),
    wait: optional(Duration),
    restart: optional(Schema.Struct({ limit: optional(CountOrNone), within: optional(Duration), ...Backoff }))
  })),
  defaults: optional(Defaults),
  sinks: optional(Schema.Record(Schema.String, Sink)),
  connections: Schema.Record(Schema.String, Connection)
})

/** A whole config file. */
export type ConfigFile = typeof ConfigFile.Type
