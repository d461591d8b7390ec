// The behaviour suite over real sockets: TCP, TLS, a Unix socket, and TCP with compression.
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as NodeTransport from "../../src/node/NodeTransport.ts"
import type { Capabilities } from "../../src/Transport.ts"
import { transportSuite } from "../suites/transport.ts"
import * as RealServer from "../support/realServer.ts"

const capabilities: Capabilities = { ping: true, pause: true, headers: true, response: true, closeCodes: "any" }

const suiteOver = (
  name: string,
  server: Effect.Effect<RealServer.RealServer, never, Scope.Scope>,
  options?: NodeTransport.NodeTransportOptions
) =>
  transportSuite({
    name: `NodeTransport over ${name}`,
    capabilities,
    it: "live",
    make: Effect.map(
      server,
      (server) => ({ layer: Layer.orDie(NodeTransport.layer(options)), server, url: server.url })
    )
  })

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "holdfast-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true }))
)

suiteOver("TCP", RealServer.make())
suiteOver("TLS", RealServer.make({ tls: RealServer.certificate }), { tls: { ca: RealServer.certificate.cert } })
suiteOver("a Unix socket", Effect.flatMap(folder, (path) => RealServer.make({ path: join(path, "s") })))
suiteOver("TCP, where compression was offered and refused", RealServer.make(), { perMessageDeflate: true })
