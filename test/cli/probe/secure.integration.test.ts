import { it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { spawnSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createServer, type TlsOptions } from "node:tls"
import { describe, expect } from "vitest"
import { reach } from "../../../src/cli/probe/reach.ts"
import { secure } from "../../../src/cli/probe/secure.ts"
import { requires } from "../../setup/requirements.ts"
import { certificate } from "../../support/realServer.ts"
import * as wsServer from "../../support/wsServer.ts"

const config = `
[ca]
default_ca = own
[own]
dir = .
database = index.txt
serial = serial
new_certs_dir = .
default_md = sha256
policy = policy
x509_extensions = extensions
[policy]
commonName = supplied
[extensions]
subjectAltName = DNS:localhost
[req]
distinguished_name = name
[name]
`

/** A certificate for localhost, from 2020 on, until so many days from now. */
const issued = (days: number) =>
  Effect.gen(function*() {
    const folder = yield* Effect.acquireRelease(
      Effect.sync(() => mkdtempSync(join(tmpdir(), "holdfast-"))),
      (folder) => Effect.sync(() => rmSync(folder, { recursive: true }))
    )
    const now = yield* Clock.currentTimeMillis
    const end = new Date(now + days * 86_400_000).toISOString().replace(/[-:T]|\.\d+/g, "")
    const openssl = (...args: ReadonlyArray<string>) =>
      spawnSync(requires("openssl").path ?? "", args, { cwd: folder, stdio: "ignore" })
    for (const [name, text] of [["config", config], ["index.txt", ""], ["serial", "01\n"]] as const) {
      writeFileSync(join(folder, name), text)
    }
    openssl(
      "req",
      "-new",
      "-newkey",
      "rsa:2048",
      "-nodes",
      "-keyout",
      "key",
      "-out",
      "csr",
      "-subj",
      "/CN=localhost",
      "-config",
      "config"
    )
    openssl(
      "ca",
      "-batch",
      "-selfsign",
      "-config",
      "config",
      "-keyfile",
      "key",
      "-in",
      "csr",
      "-out",
      "cert",
      "-startdate",
      "20200101000000Z",
      "-enddate",
      end
    )
    return { cert: readFileSync(join(folder, "cert"), "utf8"), key: readFileSync(join(folder, "key"), "utf8") }
  })

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

  it.live.skipIf(!requires("openssl").available)("counts the days of a certificate", () =>
    Effect.gen(function*() {
      const soon = yield* issued(6.5)
      expect((yield* to(yield* server(soon), "localhost", { ca: soon.cert })).findings).toMatchObject([
        { level: "warning", message: expect.stringContaining("expires in 6 days") }
      ])
      const past = yield* issued(-9.5)
      expect((yield* Effect.flip(to(yield* server(past), "localhost", { ca: past.cert }))).told).toMatchObject({
        lines: expect.arrayContaining([expect.stringMatching(/^valid until .*, 10 days ago$/)]),
        findings: [{ level: "error", message: expect.stringContaining("expired 10 days ago") }]
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
