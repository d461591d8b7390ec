// The docs are held to the code: what they show compiles, what they link to is there, what they table is so.
import { Duration, Effect, Option, Result } from "effect"
import { execFile } from "node:child_process"
import { existsSync, globSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { dirname, join, normalize } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { describe, expect, it, onTestFinished } from "vitest"
import * as CloseCode from "../src/CloseCode.ts"
import * as E from "../src/ConnectionError.ts"
import { ConnectionEvent } from "../src/ConnectionEvent.ts"
import * as Metrics from "../src/ConnectionMetrics.ts"
import { ConnectionStatus } from "../src/ConnectionStatus.ts"
import * as Handshake from "../src/Handshake.ts"
import { check } from "../src/internal/connectionOptions.ts"
import { resolve } from "../src/node/internal/transportOptions.ts"
import * as Reconnect from "../src/Reconnect.ts"
import type { Recovery } from "../src/Recovery.ts"
import { type CodeBlock, readPage } from "./support/markdown.ts"

const root = fileURLToPath(new URL("..", import.meta.url))
const files = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", ...globSync("docs/**/*.md", { cwd: root }).toSorted()]
const pages = new Map(files.map((file) => [file, readPage(join(root, file))]))

describe("the docs", () => {
  it("link only to what is there", () => {
    const dead = files.flatMap((file) =>
      pages.get(file)!.links.flatMap(({ line, target }) => {
        if (/^[a-z]+:/.test(target)) return []
        const [path = "", anchor] = target.split("#")
        const linked = path === "" ? file : normalize(join(dirname(file), path))
        if (!existsSync(join(root, linked))) return [`${file}:${line} links to ${target}, which is not there`]
        return anchor === undefined || pages.get(linked)?.anchors.has(anchor) === true
          ? []
          : [`${file}:${line} links to ${target}, but ${linked} has no such heading`]
      })
    )
    expect(dead).toEqual([])
  })

  it("link to every page of theirs from the index", () => {
    const index = pages.get("docs/README.md")!
    const expected = files.filter((file) => /^docs\/.+\//.test(file))
    const linked = new Set(index.links.map(({ target }) => normalize(join("docs", target.split("#")[0]!))))
    expect(expected.filter((file) => !linked.has(file))).toEqual([])
  })

  it("show only code that compiles", async () => {
    expect(await complaints()).toEqual([])
  }, 60_000)
})

describe("the reference", () => {
  const reference = (name: string) => pages.get(`docs/reference/${name}.md`)!
  const table = (name: string, section: string) => {
    const rows = reference(name).tables.get(section)
    if (rows === undefined) throw new Error(`docs/reference/${name}.md has no table under "${section}"`)
    return rows
  }
  const words = (cell: string) => Array.from(cell.matchAll(/`(\w+)`/g), ([, word]) => word!)
  const numbers = (cell: string) => Array.from(cell.matchAll(/(?<![\w–])\d+(?![\w–])/g), ([number]) => Number(number))
  const answer = (reason: E.Reason) => inWords(new E.ConnectionError({ reason }).recovery)

  it("tables the recovery of each close code as it is", () => {
    for (const [codes = "", tag, recovery] of table("recovery", "Close codes, when the peer began it")) {
      for (const code of numbers(codes)) {
        const reason = E.fromCloseFrame({ code })
        expect([code, `\`${reason._tag}\``, answer(reason)]).toEqual([code, tag, recovery])
      }
    }
  })

  it("tables the recovery of each HTTP status as it is", () => {
    const after = Option.some(asked)
    for (const [statuses = "", recovery, note = ""] of table("recovery", "HTTP status of a refused handshake")) {
      const any = statuses.startsWith("any other")
      for (const status of numbers(any ? note : statuses)) {
        expect([status, answer(new E.HandshakeRejected({ status, retryAfter: after }))]).toEqual([status, recovery])
      }
    }
    expect(answer(new E.HandshakeRejected({ status: 503 }))).toBe("retry")
  })

  it("tables the recovery of each other reason as it is", () => {
    const rows = table("recovery", "Reasons without a Close frame")
    const tabled = new Map(rows.map(([reason = "", recovery = ""]) => [words(reason)[0], recovery]))
    const plain: ReadonlyArray<E.Reason> = [
      new E.InvalidRequest({ option: "url", problem: "" }),
      new E.ConnectionClosed({}),
      new E.CredentialsFailed({ cause: undefined }),
      new E.HandshakeTimeout({ phase: "dns" }),
      new E.HandshakeInvalid({ check: "accept" }),
      new E.GreetingFailed({ cause: undefined }),
      new E.AbnormalClosure({ cause: undefined }),
      new E.HeartbeatTimeout({ silentFor: asked, interval: asked, timeout: asked }),
      new E.InboundOverflow({ bytes: 1, paused: asked }),
      new E.DecodingFailed({ by: "codec", issue: "", head: "" })
    ]
    for (const reason of plain) expect([reason._tag, tabled.get(reason._tag)]).toEqual([reason._tag, answer(reason)])
    const connectFailed = (code: string) => answer(new E.ConnectFailed({ phase: "tls", code }))
    const stopping = (reference("recovery").inlineCode.get("Codes that stop") ?? []).filter((code) =>
      code !== "ConnectFailed"
    )
    expect(stopping.length).toBeGreaterThan(10)
    for (const code of stopping) expect([code, connectFailed(code)]).toEqual([code, "stop"])
    expect(connectFailed("ECONNREFUSED")).toBe("retry")
  })

  it("tables every close code with its rights", () => {
    for (const [codes = "", ...rest] of table("close-codes", "Close codes")) {
      for (const code of numbers(codes)) {
        const info = CloseCode.get(code)
        expect([code, ...rest.slice(0, 3)])
          .toEqual([code, info.name, info.sendable ? "yes" : "no", info.receivable ? "legal" : "illegal"])
      }
    }
  })

  it("tells of every reason, with its fields", () => {
    const sections = ["Before a session opens", "A Close frame", "No Close frame", "Of our own making"]
    const tabled = new Map(
      sections.flatMap((section) => table("errors", section)).map(([tag = "", fields = ""]) => [words(tag)[0], fields])
    )
    expect(new Set(tabled.keys())).toEqual(new Set(E.Reason.members.map(tagOf)))
    for (const member of E.Reason.members) {
      const { fields } = member
      // Those of a Close frame share theirs, told above their table.
      if ("initiator" in fields) continue
      const tag = tagOf(member)
      expect([tag, words(tabled.get(tag)!)]).toEqual([
        tag,
        expect.arrayContaining(Object.keys(fields).filter((name) => name !== "_tag"))
      ])
    }
  })

  it.each([
    ["Status", ConnectionStatus.members],
    ["Events", ConnectionEvent.members]
  ])("tells of everything under %s, with its fields", (section, members) => {
    const tabled = table("events-and-status", section).map((
      [tag = "", fields = ""]
    ) => [words(tag)[0], ...words(fields)])
    expect(tabled).toEqual(members.map(({ fields }) => [
      fields._tag.schema.literal,
      ...Object.keys(fields).filter((name) => name !== "_tag" && name !== "at")
    ]))
  })

  it("tables the options with the defaults that they have", async () => {
    const connection = await Effect.runPromise(check(undefined))
    const transport = Result.getOrThrow(resolve({}, {}))
    const handshake = await Effect.runPromise(Handshake.make({ url: "wss://feed.example" }))
    const reconnect = await Effect.runPromise(Reconnect.make())
    const defaults: Record<string, Record<string, unknown>> = {
      "The connection": {
        start: connection.start,
        closeTimeout: connection.closeTimeout,
        closeCode: connection.closeCode,
        "inbound.highWaterMark": connection.inbound.highWaterMark,
        "inbound.overflow": connection.inbound.overflow,
        "inbound.unread": connection.inbound.unread,
        "inbound.maxPause": connection.inbound.maxPause,
        "outbound.highWaterMark": connection.outbound.highWaterMark,
        "outbound.whileDisconnected": connection.outbound.whileDisconnected.mode
      },
      "The handshake": { timeout: handshake.timeout, greetTimeout: handshake.greetTimeout },
      Reconnection: { resetAfter: reconnect.resetAfter },
      "The transport on Node": {
        maxPayload: transport.ws.maxPayload,
        redirects: transport.redirects,
        perMessageDeflate: transport.ws.perMessageDeflate,
        keepAlive: Duration.millis(transport.keepAlive!),
        noDelay: transport.noDelay
      }
    }
    for (const [section, options] of Object.entries(defaults)) {
      const tabled = new Map(
        table("options", section).map(([name = "", told = ""]) => [name.replaceAll("`", ""), told])
      )
      for (const [option, value] of Object.entries(options)) {
        const told = tabled.get(option) ?? "nothing"
        if (Duration.isDuration(value)) {
          expect([option, Duration.fromInputUnsafe(told as Duration.Input)]).toEqual([option, value])
        } else expect([option, told.replace(/[`"\s]|bytes/g, "")]).toEqual([option, String(value)])
      }
    }
  })

  it("names every metric, with its kind", () => {
    const metrics = Object.values(Metrics).flatMap((metric) => "id" in metric ? [metric] : [])
    expect(table("metrics", "Metrics").map(([name = "", kind]) => [words(name)[0], kind]))
      .toEqual(expect.arrayContaining(metrics.map(({ id, type }) => [id, type.toLowerCase()])))
    expect(table("metrics", "Metrics").length).toBe(metrics.length)
  })
})

const tagOf = ({ identifier }: { readonly identifier: string }): string => identifier.replace("holdfast/", "")

/** What the reference calls "as long as the server asked for". */
const asked = Duration.seconds(7)

const inWords = (recovery: Recovery): string => {
  if (recovery._tag === "Stop") return "stop"
  const { atMost, immediately, notBefore } = recovery
  return `retry${immediately ? " immediately" : ""}${atMost === undefined ? "" : `, at most ${atMost}`}${
    notBefore === undefined ? "" : `, not before ${floorInWords(notBefore)}`
  }`
}

const floorInWords = ([low, high]: readonly [Duration.Duration, Duration.Duration]): string => {
  if (Duration.equals(low, asked)) return "`Retry-After`"
  const [from, to] = [Duration.toSeconds(low), Duration.toSeconds(high)]
  return `${from === to ? from : `${from}–${to}`} seconds`
}

/** Compiles every block of TypeScript at once; each complaint names the line of its Markdown file. */
const complaints = async (): Promise<ReadonlyArray<string>> => {
  const cache = join(root, "node_modules/.cache/holdfast")
  mkdirSync(cache, { recursive: true })
  const folder = mkdtempSync(join(cache, "docs-"))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const sources = new Map<string, { readonly file: string; readonly isFragment: boolean }>()
  for (const [file, { blocks }] of pages) {
    for (const block of blocks) {
      const [language, kind] = block.info.split(" ")
      if (language !== "ts") continue
      const name = `${file.replaceAll("/", "__").replace(/\.md$/, "")}__${block.line}.ts`
      sources.set(name, { file, isFragment: kind !== undefined })
      writeFileSync(join(folder, name), kind === "fragment" ? fragmentOf(block) : programOf(block))
    }
  }
  writeFileSync(
    join(folder, "tsconfig.json"),
    JSON.stringify({ extends: join(root, "tsconfig.tools.json"), include: ["*.ts"], exclude: [] })
  )
  const tsc = join(root, "node_modules/typescript/bin/tsc")
  const { stdout } = await promisify(execFile)(process.execPath, [tsc, "-p", folder, "--pretty", "false"])
    .catch((error: { readonly stdout: string }) => error)
  return stdout.split("\n").filter((line) => line !== "").flatMap((line) => {
    const [, name = "", at = "", rest = line] = /([^/]+\.ts)\((\d+),\d+\): (.*)$/.exec(line) ?? []
    const source = sources.get(name)
    // What is wrong in src/ is no fault of the docs, and `npm run check` tells it.
    if (source === undefined) return /^(?:src\/|\s)/.test(line) ? [] : [line]
    // A fragment need not use all that it may use.
    return source.isFragment && /^error TS61(?:33|92|96|98)/.test(rest) ? [] : [`${source.file}:${at} ${rest}`]
  })
}

// A block stands on its own lines of its file, so that the compiler's lines are those of the page.

const programOf = ({ code, line }: CodeBlock): string => `${"\n".repeat(line - 1)}${code}\nexport {}\n`

/** Before it, on the line of the fence, stands what `docs/README.md` says that every fragment may use. */
const fragmentOf = ({ code, line }: CodeBlock): string => {
  // These can be in no function.
  const declarations = /^declare .*$/gm
  const before = [preambleLine, ...(code.match(declarations) ?? []), "export function* fragment() {"]
  return `${"\n".repeat(line - 2)}${before.join(";")}\n${code.replace(declarations, "")}\n}\n`
}

const preambleLine = pages.get("docs/README.md")!.blocks.find(({ info }) => info === "ts preamble")!.code
  .replace(/\n(?=import |declare )/g, ";").replaceAll("\n", " ")
