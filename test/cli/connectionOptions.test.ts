import { it } from "@effect/vitest"
import { ConfigProvider, Effect, Redacted } from "effect"
import { describe, expect } from "vitest"
import { connectionFlags } from "../../src/cli/connectionFlags.ts"
import { connectionOptions, optionFailure, withScheme } from "../../src/cli/connectionOptions.ts"
import { ConnectionError, HandshakeRejected, InvalidRequest } from "../../src/ConnectionError.ts"
import { parsed, surroundings } from "../support/flags.ts"

interface Around {
  readonly files?: Readonly<Record<string, string>>
  readonly env?: Readonly<Record<string, string>>
  readonly url?: string
}

const options = (args: ReadonlyArray<string>, { env = {}, files = {}, url = "feed.example/v1" }: Around = {}) =>
  Effect.gen(function*() {
    const flags = yield* parsed(connectionFlags, args)
    return yield* connectionOptions(url, flags)
  }).pipe(
    Effect.provide(surroundings(files)),
    Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromEnvRecord(env))
  )

const headers = (args: ReadonlyArray<string>, around?: Around) =>
  Effect.map(options(args, around), ({ headers }) =>
    Object.fromEntries(
      Object.entries(headers as Readonly<Record<string, Redacted.Redacted>>)
        .map(([name, value]) => [name, Redacted.value(value)])
    ))

const refusal = (args: ReadonlyArray<string>, around?: Around) =>
  Effect.map(Effect.flip(options(args, around)), (error) => {
    expect(error).toMatchObject({ _tag: "CliFailure", exit: "usage" })
    return (error as Error).message
  })

describe("the url", () => {
  it("is ws where it has no scheme, even with a port", () => {
    expect(["localhost:8080", "feed.example/a?b=c", "wss://x", "http://x", "ws+unix:/s:/p"].map(withScheme)).toEqual(
      ["ws://localhost:8080", "ws://feed.example/a?b=c", "wss://x", "http://x", "ws+unix:/s:/p"]
    )
  })

  it.effect("is refused where its scheme lacks a colon or a slash, and not dialled as a host of that name", () =>
    Effect.gen(function*() {
      for (const url of ["wss//feed.example", "HTTP//feed.example?token=secret", "ws:/feed.example"]) {
        const told = yield* refusal([], { url })
        expect(told).toContain("wss://host/path")
        expect(told).not.toContain("secret")
      }
      for (const url of ["ws:8080", "wss/x", "wss.example", "https.example//x"]) yield* options([], { url })
    }))

  it.effect("may hold a token, and is kept as a secret", () =>
    Effect.gen(function*() {
      const { url } = yield* options([])
      expect(JSON.stringify(url)).not.toContain("feed.example")
      expect(Redacted.value(url as Redacted.Redacted)).toBe("ws://feed.example/v1")
    }))
})

describe("headers", () => {
  it.effect("come from flags, files and the environment", () =>
    Effect.gen(function*() {
      const files = { "/headers": "# a comment\n\nX-File: one: two\r\nX-Other:3\n" }
      expect(
        yield* headers([
          ...["-H", "X-Flag:  spaced ", "--header-file", "/headers", "--header-env", "Authorization=TOKEN"],
          ...["--origin", "https://page.example", "--host", "inner.example"]
        ], { files, env: { TOKEN: "Bearer abc" } })
      ).toEqual({
        "x-flag": "spaced",
        "x-file": "one: two",
        "x-other": "3",
        authorization: "Bearer abc",
        origin: "https://page.example",
        host: "inner.example"
      })
    }))

  it.effect("that come twice are joined, cookies with a semicolon", () =>
    Effect.gen(function*() {
      expect(yield* headers(["-H", "X-A: 1", "-H", "x-a: 2", "-H", "Cookie: a=1", "-H", "cookie: b=2"]))
        .toEqual({ "x-a": "1, 2", cookie: "a=1; b=2" })
    }))

  it.effect("carry basic authentication, in UTF-8", () =>
    Effect.gen(function*() {
      expect(yield* headers(["--auth", "ann:pässword"]))
        .toEqual({ authorization: `Basic ${Buffer.from("ann:pässword").toString("base64")}` })
      expect(yield* headers(["--auth-env", "LOGIN"], { env: { LOGIN: "ann:b" } }))
        .toEqual({ authorization: `Basic ${Buffer.from("ann:b").toString("base64")}` })
    }))

  it.effect("that are wrong name their flag, and do not show what they hold", () =>
    Effect.gen(function*() {
      const messages = [
        yield* refusal(["-H", "secret"]),
        yield* refusal(["--header-file", "/h"], { files: { "/h": "A: 1\nsecret" } }),
        yield* refusal(["--header-env", "TOKEN"]),
        yield* refusal(["--header-env", "Authorization=TOKEN"]),
        yield* refusal(["--auth", "secret"]),
        yield* refusal(["--auth", "a:secret", "--auth-env", "B"]),
        yield* refusal(["--auth", "a:secret", "-H", "authorization: secret"])
      ]
      expect(messages.map((message) => message.split(" ")[0])).toEqual(
        ["--header", "--header-file", "--header-env", "--header-env:", "--auth", "--auth", "--auth"]
      )
      expect(messages[1]).toContain("/h, line 2")
      expect(messages[3]).toContain("TOKEN is not set")
      expect(messages.join("\n")).not.toContain("secret")
    }))
})

describe("the way to the server", () => {
  it.effect("has every option of the transport", () =>
    Effect.gen(function*() {
      const files = { "/ca": "CA", "/cert": "CERT", "/key": "KEY" }
      const { requireSubprotocol, subprotocols, transport } = yield* options([
        ...["--ca", "/ca", "--cert", "/cert", "--key", "/key", "--passphrase-env", "PASS", "--no-check"],
        ...["--servername", "inner.example", "--proxy", "env", "--local-address", "127.0.0.2", "--family", "6"],
        ...["--redirects", "3", "--compress", "--max-payload", "1MiB", "-s", "a,b", "-s", "c", "--allow-no-subprotocol"]
      ], { files, env: { PASS: "word" } })
      expect({ subprotocols, requireSubprotocol }).toEqual({ subprotocols: ["a", "b", "c"], requireSubprotocol: false })
      expect(transport).toMatchObject({
        proxy: "env",
        localAddress: "127.0.0.2",
        family: 6,
        redirects: 3,
        perMessageDeflate: true,
        maxPayload: 1_048_576,
        tls: { servername: "inner.example", rejectUnauthorized: false }
      })
      const { ca, cert, key, passphrase } = transport.tls!
      const text = (bytes: unknown) => new TextDecoder().decode(bytes as Uint8Array)
      expect([ca].flat().map(text)).toEqual(["CA"])
      expect(text(cert)).toBe("CERT")
      expect(text(Redacted.value(key as Redacted.Redacted<Uint8Array>))).toBe("KEY")
      expect(Redacted.value(passphrase as Redacted.Redacted)).toBe("word")
    }))

  it.effect("follows ten redirects with -L, and none without", () =>
    Effect.gen(function*() {
      expect((yield* options(["-L"])).transport.redirects).toBe(10)
      expect((yield* options([])).transport.redirects).toBe(0)
    }))

  it.effect("says which file is missing, and for which flag", () =>
    Effect.gen(function*() {
      expect(yield* refusal(["--ca", "/none"])).toBe("--ca: there is no file /none.")
      expect(yield* refusal(["--key", "/none"])).toContain("--key needs --cert")
    }))
})

describe("an error of the library", () => {
  it("names the flag of an option that can never work", () => {
    const error = new ConnectionError({
      reason: new InvalidRequest({ option: "transport.tls.ca", problem: "is empty" })
    })
    expect(optionFailure(error)).toMatchObject({ exit: "usage", message: "--ca: is empty" })
  })

  it("does not speak of milliseconds, since a flag's number is seconds", () => {
    const reason = new InvalidRequest({
      option: "heartbeat.interval",
      problem: "must be finite and longer than zero: a duration such as \"10 seconds\", or a number of milliseconds"
    })
    expect(optionFailure(new ConnectionError({ reason })).message).toBe(
      "--heartbeat must be finite and longer than zero, such as 10s."
    )
  })

  it("is told as the failure of a connection else", () => {
    const reason = new HandshakeRejected({ status: 403 })
    expect(optionFailure(new ConnectionError({ reason })).exit).toBe("refused")
  })
})
