import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { mkdtempSync, rmSync } from "node:fs"
import type * as net from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as tls from "node:tls"
import { connectSocket } from "../../../src/node/internal/connectSocket.ts"
import * as RealServer from "../../support/realServer.ts"

const { cert, key } = RealServer.certificate

const opened = (options: Parameters<typeof connectSocket>[0], secure: boolean) =>
  Effect.gen(function*() {
    const socket = yield* Effect.acquireRelease(
      Effect.sync(() => connectSocket(options, secure)),
      (socket) => Effect.sync(() => socket.destroy())
    )
    yield* Effect.callback<void, Error>((resume) => {
      socket.once(secure ? "secureConnect" : "connect", () => resume(Effect.void))
      socket.once("error", (error) => resume(Effect.fail(error)))
    })
    return socket
  })

const host = (server: RealServer.RealServer): net.TcpNetConnectOpts => ({ host: "127.0.0.1", port: server.port })

describe("connectSocket", () => {
  it.live("opens TCP, and TLS where it is to be secure", () =>
    Effect.gen(function*() {
      const plain = yield* opened(host(yield* RealServer.make()), false)
      assert.isFalse(plain instanceof tls.TLSSocket)
      const server = yield* RealServer.make({ tls: { cert, key } })
      assert.instanceOf(yield* opened({ ...host(server), ca: cert }, true), tls.TLSSocket)
    }))

  it.live("names the host to a server over TLS, and no address", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make({ tls: { cert, key } })
      const named = yield* opened({ ...host(server), host: "localhost", family: 4, ca: cert }, true)
      assert.strictEqual(Reflect.get(named, "servername"), "localhost")
      const unnamed = yield* opened({ ...host(server), ca: cert }, true)
      assert.isNotOk(Reflect.get(unnamed, "servername"))
    }))

  it.live("opens a Unix socket by the path that its url means", () =>
    Effect.gen(function*() {
      const folder = yield* Effect.acquireRelease(
        Effect.sync(() => mkdtempSync(join(tmpdir(), "holdfast-"))),
        (path) => Effect.sync(() => rmSync(path, { recursive: true }))
      )
      for (const [name, written] of [["a b", "a%20b"], ["a:b", "a%3Ab"], ["100%", "100%"]] as const) {
        const server = yield* RealServer.make({ path: join(folder, name) })
        yield* opened({ ...host(server), socketPath: `${folder}/${written}` }, false)
        yield* server.connection
      }
    }))
})
