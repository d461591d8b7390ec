import { assert, describe, it } from "@effect/vitest"
import { Context, Data, Duration, Effect, Exit, Layer, Option, Redacted, type Scope } from "effect"
import { ConnectionError, CredentialsFailed, NormalClosure } from "../src/ConnectionError.ts"
import * as Handshake from "../src/Handshake.ts"

const first: Handshake.AttemptContext = { attempt: 1, previous: Option.none() }

class Token extends Context.Service<Token, { readonly get: Effect.Effect<string, NoToken> }>()("test/Token") {}
class Region extends Context.Service<Region, string>()("test/Region") {}
class NoToken extends Data.TaggedError("NoToken")<{ readonly message: string }> {}

const request = <A = never, B = never, C = never, D = never>(
  options: Handshake.Options<A, B, C, D>,
  context: Handshake.AttemptContext = first
) => Effect.flatMap(Handshake.make(options), (handshake) => handshake.request(context))

const invalid = <A, E, R>(effect: Effect.Effect<A, E, R>, option: string) =>
  Effect.map(Effect.flip(effect), (error) => {
    assert.instanceOf(error, ConnectionError)
    const { reason } = error as unknown as ConnectionError
    if (reason._tag !== "InvalidRequest") return assert.fail(reason.message)
    assert.strictEqual(reason.option, option)
    return reason.message
  })

const javascript = (options: unknown) => Handshake.make(options as Handshake.Options)

describe("Handshake.make", () => {
  it.effect("has the documented defaults", () =>
    Effect.gen(function*() {
      const handshake = yield* Handshake.make({ url: "wss://feed.example" })
      assert.strictEqual(Duration.toMillis(handshake.timeout), 10_000)
      assert.strictEqual(Duration.toMillis(handshake.greetTimeout), 10_000)
      assert.isTrue(Option.isNone(handshake.greet))
      assert.isTrue(handshake.propagate)
      assert.isFalse(handshake.usesHeaders)
      assert.strictEqual(handshake.endpoint, "wss://feed.example/")
      const made = yield* handshake.request(first)
      assert.deepStrictEqual({ ...made, headers: { ...made.headers } }, {
        url: "wss://feed.example/",
        headers: {},
        subprotocols: [],
        extensions: [],
        attempt: 1,
        endpoint: "wss://feed.example/"
      })
    }))

  it.effect("fails at once for a plain value that can never work, and names the option", () =>
    Effect.gen(function*() {
      const url = "wss://h.example"
      yield* invalid(Handshake.make({ url: "ftp://h.example" }), "url")
      yield* invalid(Handshake.make({ url: `${url}#a` }), "url")
      yield* invalid(Handshake.make({ url, headers: { Upgrade: "h2c" } }), "headers")
      yield* invalid(Handshake.make({ url, headers: Redacted.make({ a: "b\r\nc" }) }), "headers")
      yield* invalid(Handshake.make({ url, subprotocols: ["a", "a"] }), "subprotocols")
    }))

  it.effect("fails for a duration that is no deadline", () =>
    Effect.gen(function*() {
      const url = "wss://h.example"
      for (const input of [0, -1, Number.NaN, Number.POSITIVE_INFINITY, "0 seconds", "Infinity"] as const) {
        yield* invalid(Handshake.make({ url, timeout: input }), "timeout")
        yield* invalid(Handshake.make({ url, greetTimeout: input }), "greetTimeout")
      }
      yield* invalid(javascript({ url, timeout: "soon" }), "timeout")
    }))

  it.effect("answers what only JavaScript can pass with a sentence, not a TypeError", () =>
    Effect.gen(function*() {
      const url = "wss://h.example"
      for (const options of [undefined, null, "wss://h.example", 5, []]) yield* invalid(javascript(options), "options")
      for (const wrong of [undefined, null, 5, {}]) yield* invalid(javascript({ url: wrong }), "url")
      for (const wrong of [null, 5, "a: b"]) yield* invalid(javascript({ url, headers: wrong }), "headers")
      for (const wrong of [null, 5, "chat"]) yield* invalid(javascript({ url, subprotocols: wrong }), "subprotocols")
      yield* invalid(javascript({ url, greet: null }), "greet")
      yield* invalid(javascript({ url, greet: "hello" }), "greet")
      yield* invalid(javascript({ url, requireSubprotocol: "no" }), "requireSubprotocol")
      yield* invalid(javascript({ url, propagate: 1 }), "propagate")
      const wrong: unknown = () => "wss://h.example"
      yield* invalid(Effect.flatMap(javascript({ url: wrong }), (made) => made.request(first)), "url")
    }))

  it.effect("tells whether the request has headers, which browsers cannot send", () =>
    Effect.gen(function*() {
      const uses = (options: Handshake.Options) => Effect.map(Handshake.make(options), (made) => made.usesHeaders)
      const url = "wss://h.example"
      assert.isFalse(yield* uses({ url, headers: {} }))
      assert.isTrue(yield* uses({ url, headers: { a: "1" } }))
      assert.isTrue(yield* uses({ url, headers: Effect.succeed({}) }))
      assert.isTrue(yield* uses({ url: "wss://user:p@h.example" }))
    }))
})

describe("Handshake.layer", () => {
  it.effect("fails to build where an option can never work", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Effect.scoped(Layer.build(Handshake.layer({ url: "/feed" }))))
      assert.strictEqual(error.reason._tag, "InvalidRequest")
      assert.include(error.message, "url")
    }))

  it.effect("needs what its effects need, without the session's scope, and no more", () =>
    Effect.gen(function*() {
      const built: Layer.Layer<Handshake.Handshake, ConnectionError, Token | Region> = Handshake.layer({
        url: Region.useSync((region) => `wss://${region}.example`),
        headers: ({ attempt }) =>
          Effect.map(Token.use((token) => token.get), (token) => ({
            authorization: Redacted.make(`${token}-${attempt}`)
          })),
        subprotocols: Effect.succeed(["v2"]),
        greet: (session) => Effect.forkScoped(session.send("hello")).pipe(Effect.asVoid)
      })
      const plain: Layer.Layer<Handshake.Handshake, ConnectionError> = Handshake.layer({ url: "wss://h.example" })
      yield* Effect.scoped(Layer.build(plain))
      const made = yield* Handshake.Handshake.use((handshake) => handshake.request({ ...first, attempt: 3 })).pipe(
        Effect.provide(
          Layer.provide(built, [Layer.succeed(Token, { get: Effect.succeed("t") }), Layer.succeed(Region, "eu")])
        )
      )
      assert.strictEqual(made.url, "wss://eu.example/")
      assert.strictEqual(made.headers["authorization"], "t-3")
      assert.deepStrictEqual(made.subprotocols, ["v2"])
      assert.strictEqual(made.attempt, 3)
    }))
})

describe("a request", () => {
  it.effect("is made afresh at every attempt, knowing the attempt and why the previous one ended", () =>
    Effect.gen(function*() {
      let effects = 0
      const handshake = yield* Handshake.make({
        url: Effect.sync(() => `wss://h.example/${++effects}`),
        headers: ({ attempt, previous }) =>
          Effect.succeed({
            a: `${attempt} ${Option.match(previous, { onNone: () => "none", onSome: (e) => e.reason._tag })}`
          })
      })
      const one = yield* handshake.request(first)
      const previous = Option.some(new ConnectionError({ reason: new NormalClosure({ code: 1000 }) }))
      const two = yield* handshake.request({ attempt: 2, previous })
      assert.deepStrictEqual([one.url, one.headers["a"]], ["wss://h.example/1", "1 none"])
      assert.deepStrictEqual([two.url, two.headers["a"]], ["wss://h.example/2", "2 NormalClosure"])
    }))

  it.effect("that could not be made is a failed attempt, with the user's error as its cause", () =>
    Effect.gen(function*() {
      const failure = new NoToken({ message: "expired" })
      for (
        const options of [
          { url: Effect.fail(failure) },
          { url: "wss://h.example", headers: () => Effect.fail(failure) },
          { url: "wss://h.example", subprotocols: Effect.fail(failure) }
        ]
      ) {
        const error = yield* Effect.flip(request(options, { ...first, attempt: 7 }))
        assert.instanceOf(error.reason, CredentialsFailed)
        assert.strictEqual(error.reason.cause, failure)
        assert.strictEqual(error.attempt, 7)
        assert.strictEqual(error.endpoint, "headers" in options || "subprotocols" in options ? "wss://h.example/" : "")
        assert.include(error.message, "NoToken: expired")
        assert.isTrue(error.isRetryable)
      }
    }))

  it.effect("dies with a defect of the user's, thrown or not", () =>
    Effect.gen(function*() {
      const bug = new Error("bug")
      const url = "wss://h.example"
      const thrower = (): Effect.Effect<string> => {
        throw bug
      }
      for (
        const options of [{ url: thrower }, { url, headers: Effect.die(bug) }, {
          url,
          subprotocols: () => Effect.die(bug)
        }]
      ) {
        assert.deepStrictEqual(yield* Effect.exit(request(options)), Exit.die(bug))
      }
    }))

  it.effect("is checked after it was made, with the attempt in the error", () =>
    Effect.gen(function*() {
      const url = Effect.succeed("wss://h.example/a?q=secret")
      yield* invalid(request({ url: Effect.succeed("ftp://secret@h.example") }), "url")
      yield* invalid(request({ url, headers: () => Effect.succeed({ Connection: "x" }) }), "headers")
      yield* invalid(request({ url, subprotocols: Effect.succeed([""]) }), "subprotocols")
      const error = yield* Effect.flip(
        request({ url, headers: Effect.succeed({ a: "secret\n" }) }, { ...first, attempt: 4 })
      )
      assert.strictEqual(error.attempt, 4)
      assert.strictEqual(error.endpoint, "wss://h.example/a")
      assert.notInclude(`${error.message} ${JSON.stringify(error)} ${String(error.stack)}`, "secret")
    }))

  it.effect("has Basic auth of the url's userinfo, unless there is an Authorization header", () =>
    Effect.gen(function*() {
      const url = "wss://user:pass@h.example/a"
      const basic = yield* request({ url })
      assert.strictEqual(basic.headers["authorization"], "Basic dXNlcjpwYXNz")
      assert.strictEqual(basic.url, "wss://h.example/a")
      const own = yield* request({ url, headers: { AUTHORIZATION: Redacted.make("Bearer t") } })
      assert.strictEqual(own.headers["authorization"], "Bearer t")
    }))

  it.effect("closes what its effects acquired as soon as the value is made", () =>
    Effect.gen(function*() {
      const log: Array<string> = []
      yield* request({
        url: Effect.as(Effect.addFinalizer(() => Effect.sync(() => log.push("released"))), "wss://h.example"),
        headers: Effect.sync(() => {
          log.push("headers")
          return {}
        })
      })
      assert.deepStrictEqual(log, ["released", "headers"])
    }))

  it.effect("is made within the attempt's span, with the services of where the options were given", () =>
    Effect.gen(function*() {
      const seen: Array<string> = []
      const handshake = yield* Handshake.make({
        url: Effect.gen(function*() {
          seen.push((yield* Effect.currentSpan).name, yield* Region)
          return "wss://h.example"
        })
      }).pipe(Effect.provideService(Region, "built"), Effect.withSpan("build"))
      yield* handshake.request(first).pipe(Effect.provideService(Region, "caller"), Effect.withSpan("attempt"))
      assert.deepStrictEqual(seen, ["attempt", "built"])
    }).pipe(Effect.orDie))
})

describe("greet", () => {
  const session: Handshake.GreetSession = {
    endpoint: "wss://h.example/",
    subprotocol: Option.none(),
    response: Option.none(),
    send: () => Effect.void,
    receive: Effect.succeed("ready"),
    end: () => Effect.void
  }

  it.effect("runs with the services of where it was given and in the scope of whoever runs it", () =>
    Effect.gen(function*() {
      const log: Array<string> = []
      const handshake = yield* Handshake.make({
        url: "wss://h.example",
        greet: (session) =>
          Effect.gen(function*() {
            log.push(yield* Region, String(yield* session.receive))
            yield* Effect.addFinalizer(() => Effect.sync(() => log.push("session ended")))
          })
      }).pipe(Effect.provideService(Region, "eu"), Effect.scoped)
      const greet: (session: Handshake.GreetSession) => Effect.Effect<unknown, unknown, Scope.Scope> = Option
        .getOrThrow(
          handshake.greet
        )
      yield* Effect.scoped(Effect.andThen(greet(session), Effect.sync(() => log.push("greeted"))))
      assert.deepStrictEqual(log, ["eu", "ready", "greeted", "session ended"])
    }))

  it.effect("fails with whatever the user's effect fails with, and dies where it throws", () =>
    Effect.gen(function*() {
      const greeting = (greet: Handshake.Options["greet"]) =>
        Effect.flatMap(Handshake.make({ url: "wss://h.example", greet }), (handshake) =>
          Effect.exit(Effect.scoped(Option.getOrThrow(handshake.greet)(session))))
      const bug = new Error("bug")
      assert.deepStrictEqual(
        yield* greeting(() =>
          Effect.fail("not ready")
        ),
        Exit.fail("not ready")
      )
      assert.deepStrictEqual(
        yield* greeting(() => {
          throw bug
        }),
        Exit.die(bug)
      )
    }))
})

describe("Handshake.verify", () => {
  const answered = {
    request: { url: "wss://h.example/", headers: {}, subprotocols: ["v2"], extensions: [] },
    expectedAccept: "a=",
    status: 101,
    headers: { upgrade: "websocket", connection: "upgrade", "sec-websocket-accept": "a=" }
  }

  it("demands a subprotocol where some were offered", () => {
    assert.strictEqual(Option.getOrThrow(Handshake.verify(answered).failure)._tag, "HandshakeInvalid")
    assert.isTrue(Option.isNone(Handshake.verifyWith({ requireSubprotocol: false })(answered).failure))
  })

  it.effect("is what the service does, as its option says", () =>
    Effect.gen(function*() {
      const strict = yield* Handshake.make({ url: "wss://h.example" })
      const lenient = yield* Handshake.make({ url: "wss://h.example", requireSubprotocol: false })
      assert.isTrue(Option.isSome(strict.verify(answered).failure))
      assert.isTrue(Option.isNone(lenient.verify(answered).failure))
    }))
})
