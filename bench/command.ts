// What the command costs: how soon its help is there, what it needs for a million lines, and for a thousand idle
// connections. `npm run bench:command`; exit code 1 where a goal is missed. Needs Linux, whose /proc tells the memory.
import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { createInterface } from "node:readline"
import { setTimeout as sleep } from "node:timers/promises"
import { parseArgs } from "node:util"

const root = dirname(import.meta.dirname)
const holdfast = join(root, "dist/cli/index.js")
const { values } = parseArgs({ options: { only: { type: "string" }, lines: { type: "string", default: "1000000" } } })

const median = (numbers: ReadonlyArray<number>): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN

const mebibytes = (pid: number | undefined): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024

/** A node that runs this program; ended with the process. */
const started: Array<ChildProcess> = []
const node = (args: ReadonlyArray<string>, stdin: "pipe" | "ignore" = "ignore") => {
  const child = spawn(process.execPath, args, { cwd: root, stdio: [stdin, "pipe", "pipe"] })
  started.push(child)
  return child
}

/** Waits until a line that says this came so many times; tells what its group caught. The rest is read and forgotten. */
const says = (stream: NodeJS.ReadableStream | null, wanted: RegExp, times = 1): Promise<string> =>
  new Promise((resolve, reject) => {
    const lines = createInterface({ input: stream! })
    let seen = 0
    lines.on("line", (line) => {
      const found = wanted.exec(line)
      if (found !== null && ++seen === times) resolve(found[1] ?? "")
    })
    lines.on("close", () => reject(new Error(`It ended before it had said ${wanted} ${times} times.`)))
  })

const program = (text: string) => ["--input-type=module", "--eval", text]

const echoServer = program(`
  import { WebSocketServer } from "ws"
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0 })
  server.on("connection", (socket) => {
    socket.on("error", () => {})
    socket.on("message", (data, isBinary) => {
      // A peer that is slow to take the echo is not read meanwhile.
      socket.send(data, { binary: isBinary }, () => socket.bufferedAmount === 0 && socket.isPaused && socket.resume())
      if (socket.bufferedAmount > 1 << 20) socket.pause()
    })
  })
  server.on("listening", () => console.log("port " + server.address().port))
`)

const serve = async (): Promise<{ readonly url: string; readonly stop: () => void }> => {
  const server = node(echoServer)
  const port = await says(server.stdout, /port (\d+)/)
  return { url: `ws://127.0.0.1:${port}/`, stop: () => void server.kill() }
}

interface Figure {
  readonly name: string
  readonly said: string
  readonly met: boolean
}

/** The time of `--help`, as a ratio to that of a program that only imports Effect's CLI. */
const help = async (): Promise<Figure> => {
  const time = (args: ReadonlyArray<string>) => {
    const from = performance.now()
    const { status, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: "utf8" })
    if (status !== 0) throw new Error(stderr)
    return performance.now() - from
  }
  const imports = program(`import "effect/cli/Command"`)
  const times = Array.from({ length: 15 }, () => [time([holdfast, "--help"]), time(imports)] as const)
  const ours = median(times.map(([ours]) => ours))
  const theirs = median(times.map(([, theirs]) => theirs))
  const ratio = ours / theirs
  return {
    name: "--help, time to a node that imports effect/cli/Command",
    said: `${ours.toFixed(0)} ms / ${theirs.toFixed(0)} ms = ${ratio.toFixed(2)} (goal 1.6)`,
    met: ratio <= 1.6
  }
}

/** A million lines to an echo server and back: none lost, in order, and memory that does not grow. */
const pipe = async (): Promise<Figure> => {
  const count = Number(values.lines)
  const server = await serve()
  const child = node([holdfast, "connect", server.url], "pipe")
  const stdin = child.stdin!
  const line = (n: number) => `${String(n).padStart(99, ".")}\n`
  stdin.write("open\n")
  await once(child.stdout!, "data")
  await sleep(2000)
  const idle = mebibytes(child.pid)
  let most = idle
  const watch = setInterval(() => {
    if (child.exitCode === null) most = Math.max(most, mebibytes(child.pid))
  }, 50)

  let received = 0
  let wrong: string | undefined
  let rest = ""
  child.stderr!.resume()
  child.stdout!.setEncoding("latin1").on("data", (chunk: string) => {
    const lines = (rest + chunk).split("\n")
    rest = lines.pop() ?? ""
    for (const text of lines) if (`${text}\n` !== line(received++)) wrong ??= `line ${received - 1} is ${text}`
  })
  const from = performance.now()
  for (let n = 0; n < count;) {
    let chunk = ""
    for (const end = Math.min(count, n + 1000); n < end; n++) chunk += line(n)
    if (!stdin.write(chunk, "latin1")) await once(stdin, "drain")
  }
  stdin.end()
  const [code] = await once(child, "close")
  const seconds = (performance.now() - from) / 1000
  clearInterval(watch)
  server.stop()
  const growth = most - idle
  return {
    name: `connect, ${count} lines of 100 bytes to an echo server and back`,
    said: `${received} came back in ${seconds.toFixed(1)} s, ${wrong ?? "in order"}, exit code ${code}; ` +
      `idle ${idle.toFixed(0)} MiB, at most ${growth.toFixed(0)} MiB more (goal 64)`,
    met: received === count && wrong === undefined && code === 0 && growth <= 64
  }
}

const libraryProgram = (url: string) =>
  program(`
  import * as Effect from "effect/Effect"
  import { NodeConnection } from "holdfast/node"
  Effect.runFork(Effect.scoped(Effect.gen(function*() {
    const all = yield* Effect.forEach(Array.from({ length: 1000 }, (_, i) => "c" + i), (name) =>
      NodeConnection.make({ url: ${JSON.stringify(url)}, name }))
    yield* Effect.forEach(all, ({ awaitOpen }) => awaitOpen)
    console.log("all open")
    yield* Effect.never
  })))
`)

/** The memory of `run` with a thousand idle connections, as a ratio to that of a program that holds them. */
const run = async (): Promise<Figure> => {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-bench-"))
  const server = await serve()
  const file = join(folder, "idle.json")
  const connections = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`c${i}`, { url: server.url }]))
  writeFileSync(file, JSON.stringify({ connections }))
  const settled = async (child: ChildProcess, stream: NodeJS.ReadableStream | null, ready: RegExp, times: number) => {
    await says(stream, ready, times)
    await sleep(5000)
    const memory = mebibytes(child.pid)
    child.kill("SIGKILL")
    await once(child, "close")
    return memory
  }
  const ours: Array<number> = []
  const theirs: Array<number> = []
  for (let round = 0; round < 3; round++) {
    const library = node(libraryProgram(server.url))
    theirs.push(await settled(library, library.stdout, /all open/, 1))
    const command = node([holdfast, "run", file])
    ours.push(await settled(command, command.stderr, /: open/, 1000))
  }
  server.stop()
  rmSync(folder, { recursive: true })
  const ratio = median(ours) / median(theirs)
  return {
    name: "run, memory with 1 000 idle connections to the library's",
    said: `${median(ours).toFixed(0)} MiB / ${median(theirs).toFixed(0)} MiB = ${ratio.toFixed(2)} (goal 1.3)`,
    met: ratio <= 1.3
  }
}

const figures = { help, pipe, run }
const chosen = Object.entries(figures).filter(([name]) =>
  values.only === undefined || values.only.split(",").includes(name)
)
try {
  for (const [, measure] of chosen) {
    const { met, name, said } = await measure()
    process.stdout.write(`${met ? "met   " : "MISSED"} ${name}: ${said}\n`)
    if (!met) process.exitCode = 1
  }
} finally {
  for (const child of started) child.kill("SIGKILL")
}
