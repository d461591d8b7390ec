import { it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { createServer, type TlsOptions } from "node:tls"
import { describe, expect } from "vitest"
import { reach } from "../../../src/cli/probe/reach.ts"
import { secure } from "../../../src/cli/probe/secure.ts"
import { certificate } from "../../support/realServer.ts"
import * as wsServer from "../../support/wsServer.ts"

/** A TLS server that says nothing. */
const server = (options: TlsOptions = {}) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.callback<ReturnType<typeof createServer>>((resume) => {
        const made = createServer({ cert: certificate.cert, key: certificate.key, ...options }, (socket) => {
          socket.on("error", () => undefined).resume()
        })
        made.on("tlsClientError", (_error, socket) => socket.destroy())
        made.listen(0, "127.0.0.1", () => resume(Effect.succeed(made)))
      }),
      (made) => Effect.callback<void>((resume) => void made.close(() => resume(Effect.void)))
    ),
    (made) => {
      const address = made.address()
      return typeof address === "object" && address !== null ? address.port : 0
    }
  )

const to = (port: number, host: string, options: Parameters<typeof secure>[2]) =>
  Effect.scoped(Effect.gen(function*() {
    const [incoming] = yield* reach([{ address: "127.0.0.1", family: 4 }], port, undefined, Duration.seconds(5))
    const [, told] = yield* secure(incoming, host, options)
    return told
  }))

describe("TLS", () => {
  it.live("tells what was agreed, and whose certificate it is", () =>
    Effect.gen(function*() {
      const told = yield* to(yield* server(), "localhost", { ca: certificate.cert })
      expect(told.details).toMatchObject({ protocol: "TLSv1.3", trusted: true })
      expect(told.lines?.join("\n")).toMatch(/certificate {2}localhost\n.*valid until {2}2126-/s)
      expect(told.findings).toEqual([])
    }))

  it.live("shows a certificate that is not trusted, and goes no further", () =>
    Effect.gen(function*() {
      const port = yield* server()
      expect(yield* Effect.flip(to(port, "localhost", {}))).toMatchObject({
        exit: "tls",
        told: {
          details: { trusted: false, code: "DEPTH_ZERO_SELF_SIGNED_CERT", certificate: { subject: "localhost" } }
        }
      })
      expect((yield* to(port, "localhost", { rejectUnauthorized: false })).findings).toMatchObject([{
        level: "warning"
      }])
      expect(yield* Effect.flip(to(port, "other.example", { ca: certificate.cert }))).toMatchObject({
        told: { details: { code: "ERR_TLS_CERT_ALTNAME_INVALID" } }
      })
    }))

  it.live("says what a failure means", () =>
    Effect.gen(function*() {
      const { port } = yield* wsServer.echo()
      expect((yield* Effect.flip(to(port, "localhost", {}))).told.findings).toMatchObject([
        { message: "TLS failed: the port does not speak TLS." }
      ])
      const old = yield* server({ maxVersion: "TLSv1.2" })
      expect((yield* Effect.flip(to(old, "localhost", { minVersion: "TLSv1.3" }))).exit).toBe("tls")
    }))
})
