// The programs of the README and of the tutorial, run as a reader runs them: from their text, by plain node.
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { type AddressInfo, createServer } from "node:net"
import { fileURLToPath } from "node:url"
import { describe, expect, it, onTestFinished } from "vitest"
import { WebSocketServer } from "ws"
import { readPage } from "./support/markdown.ts"

const root = fileURLToPath(new URL("..", import.meta.url))

/** The last block that begins with this comment, or the first: a later version of a file replaces an earlier one. */
const program = (page: string, title: string, port: number, which: "first" | "last" = "last"): string => {
  const blocks = readPage(`${root}/${page}`).blocks.filter(({ code }) => code.startsWith(`// ${title}\n`))
  const code = blocks.at(which === "first" ? 0 : -1)?.code
  if (code === undefined) throw new Error(`${page} has no program "${title}"`)
  expect(code).toContain("8080")
  return code.replaceAll("8080", String(port))
}

interface Running {
  readonly process: ChildProcess
  /** Waits until the program has printed this, after what was last waited for. */
  readonly prints: (wanted: RegExp | string) => Promise<void>
  /** Waits for its end. */
  readonly exitCode: Promise<unknown>
}

const run = (code: string): Running => {
  const child = spawn(process.execPath, ["--input-type=module-typescript", "--eval", code], {
    cwd: root,
    stdio: ["ignore", "pipe", "inherit"]
  })
  let printed = ""
  let seen = 0
  let onPrinted = () => {}
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    printed += text
    onPrinted()
  })
  const exitCode = once(child, "close").then(([code]: ReadonlyArray<unknown>) => code)
  onTestFinished(async () => {
    child.kill("SIGKILL")
    await exitCode
  })
  return {
    process: child,
    exitCode,
    prints: (wanted) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const rest = printed.slice(seen)
          const match = typeof wanted === "string" ? rest.indexOf(wanted) : rest.search(wanted)
          if (match === -1) return
          seen += match + 1
          resolve()
        }
        onPrinted = look
        void exitCode.then((code) =>
          reject(new Error(`It ended with ${String(code)} before ${String(wanted)}; it printed:\n${printed}`))
        )
        look()
      })
  }
}

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, "127.0.0.1")
  await once(server, "listening")
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, "close")
  return port
}

describe("the README's example", () => {
  it("says hello, prints the answers across sessions, and leaves with a Close frame", async () => {
    const server = new WebSocketServer({ port: 0, host: "127.0.0.1" })
    onTestFinished(async () => {
      for (const socket of server.clients) socket.terminate()
      await new Promise((resolve) => server.close(resolve))
    })
    const closed: Array<number> = []
    let sessions = 0
    server.on("connection", (socket) => {
      sessions++
      socket.send(`welcome to session ${sessions}`)
      socket.on("message", (data) => socket.send(data, { binary: false }))
      socket.on("close", (code) => closed.push(code))
    })
    await once(server, "listening")
    const { port } = server.address() as AddressInfo

    const client = run(program("README.md", "client.ts", port).replace("localhost", "127.0.0.1"))
    await client.prints("received: hello")
    for (const socket of server.clients) socket.terminate()
    await client.prints("received: welcome to session 2")
    client.process.kill("SIGINT")
    expect(await client.exitCode).toBe(130)
    await expect.poll(() => closed).toEqual([1006, 1000])
  }, 30_000)
})

describe("the first tutorial", () => {
  it("works as it is written: a crash, a frozen server, and leaving", async () => {
    const page = "docs/tutorial/first-connection.md"
    const port = await freePort()
    const startServer = async () => {
      const server = run(program(page, "try/server.ts", port))
      await server.prints(`process ${server.process.pid} listens on port`)
      return server
    }
    const first = await startServer()
    const client = run(program(page, "try/client.ts", port))
    await client.prints("connecting, attempt 1")
    await client.prints("open, session 1")
    await client.prints("  KELP 100")

    first.process.kill("SIGINT")
    await client.prints("waiting: the connection was lost without a Close frame")
    const second = await startServer()
    await client.prints("open, session 2")
    await client.prints("  KELP 100")

    second.process.kill("SIGSTOP")
    await client.prints(/waiting: the peer is silent: nothing received for 3s \S+ \(heartbeat every 2s, timeout 1s\)/)
    await client.prints("connecting, attempt")
    second.process.kill("SIGCONT")
    await client.prints("open, session 3")
    await client.prints("  KELP")

    client.process.kill("SIGINT")
    await second.prints("a client left with code 1000")
    expect(await client.exitCode).toBe(130)
  }, 60_000)
})

describe("the tutorial of a typed feed", () => {
  const page = "docs/tutorial/from-a-url-to-a-typed-feed.md"

  it("works as it is written: values, a mistake of the server's, and asking again after a loss", async () => {
    const port = await freePort()
    const startServer = async () => {
      const server = run(program(page, "try/server.ts", port))
      await server.prints(`process ${server.process.pid} listens on port`)
      return server
    }
    const server = await startServer()
    const first = run(program(page, "try/client.ts", port, "first"))
    await first.prints("following KELP")
    await first.prints(/^\d{4}-\d\d-\d\d KELP 101$/m)
    await first.prints(
      /a message was not understood: Expected number\n {2}at \["price"\] \(it begins with \{"type":"price"/
    )
    await first.prints(/ KELP 105$/m)
    first.process.kill("SIGINT")
    expect(await first.exitCode).toBe(130)

    const client = run(program(page, "try/client.ts", port))
    await client.prints("session 1")
    await client.prints("  KELP 103")
    await client.prints("  (one was not understood by the schema)")
    server.process.kill("SIGINT")
    await startServer()
    await client.prints("session 2")
    await client.prints("  KELP 101")
    client.process.kill("SIGINT")
    expect(await client.exitCode).toBe(130)
  }, 60_000)
})
