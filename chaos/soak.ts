// Faults at random for as long as it is told to: `npm run soak -- --minutes 10`.
import { NodeRuntime } from "@effect/platform-node"
import { Effect, Fiber, type Scope } from "effect"
import { Reconnect, Recovery } from "holdfast"
import { parseArgs } from "node:util"
import { leaksFromNowOn } from "../test/setup/leaks.ts"
import { liveFibers } from "../test/setup/live-fibers.ts"
import { chatter, type Client, connect, pace } from "./client.ts"
import { install, provided, runsElsewhere } from "./provision.ts"
import { descriptors, leftBehind, listenForUnheard, unheard } from "./runner.ts"
import { judge, type Sample } from "./soak/flat.ts"
import * as Paths from "./soak/paths.ts"
import { type Random, seeded } from "./soak/random.ts"

const help = `npm run soak -- [options]

  --minutes N   how long; 10 unless told
  --seed N      draws the same faults again; another one each time unless told

Prints a line every minute. The exit code is 1 where a number of the feed came twice, out of order, or was lost within
a session, where a connection did not come back, or where memory, descriptors or fibers grew.
`

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "10" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    help: { type: "boolean", default: false }
  }
})

const say = (text: string) => process.stdout.write(`${text}\n`)

const collect = (): void => {
  globalThis.gc?.()
}

/** How long a connection may take to come back once its fault is over. */
const patience = 20_000

interface Running {
  readonly path: Paths.Path
  readonly client: Client
  faults: number
  /** It has suffered enough. */
  over: boolean
  /** Why it cannot go on. */
  problem: string | undefined
}

/** One fault after another, each once the connection is back from the one before. */
const suffer = (running: Running, random: Random) =>
  Effect.gen(function*() {
    const { client, path } = running
    yield* client.connection.awaitOpen
    yield* chatter(client, 20)
    while (running.problem === undefined && !running.over) {
      yield* Effect.sleep(random.between(50, 1200))
      const fault = path.fault(random)
      running.faults++
      yield* fault.run
      const back = yield* client.more(5).pipe(Effect.timeoutOption(patience))
      if (back._tag === "None") running.problem = `no message came within 20 s after "${fault.name}"`
      if (client.books.failures.length > 0) running.problem = client.books.failures.join("; ")
    }
  }).pipe(Effect.catchCause((cause) => Effect.sync(() => (running.problem ??= String(cause)))))

const sample = (): Sample => {
  collect()
  const { heapUsed, rss } = process.memoryUsage()
  return { heap: heapUsed, rss, descriptors: descriptors(), fibers: liveFibers() }
}

/** What happened since the last time; then it is forgotten, since memory is what is measured. */
const harvest = (all: ReadonlyArray<Running>) => {
  const losses = new Map<string, number>()
  let sessions = 0
  for (const { client } of all) {
    sessions += client.of("Opened").length
    for (const reason of client.reasons) losses.set(reason, (losses.get(reason) ?? 0) + 1)
    client.heard.length = 0
  }
  return { sessions, losses }
}

const inWords = (losses: ReadonlyMap<string, number>): string =>
  [...losses].toSorted(([, a], [, b]) => b - a).map(([reason, count]) => `${count} × ${reason}`).join(", ")

const soak: Effect.Effect<ReadonlyArray<string>, never, Scope.Scope> = Effect.gen(function*() {
  const minutes = Number(values.minutes)
  const seed = Number(values.seed)
  const paths = [
    yield* Paths.wire,
    ...(provided(["networkNamespaces", "nft"]) ? [yield* Paths.cable] : []),
    ...(provided(["nginx"]) ? [yield* Paths.nginx] : []),
    ...(provided(["haproxy"]) ? [yield* Paths.haproxy] : [])
  ]
  say(`${minutes} minutes, seed ${seed}, by ${paths.map(({ name }) => name).join(", ")}`)
  const all: Array<Running> = []
  const sufferers: Array<Fiber.Fiber<unknown>> = []
  for (const [index, path] of paths.entries()) {
    const client = yield* connect(path.url, {
      reconnect: { schedule: Reconnect.schedule(pace), resetAfter: "1 second", classify: () => Recovery.retry() },
      timeout: "1 second"
    })
    const running: Running = { path, client, faults: 0, over: false, problem: undefined }
    all.push(running)
    sufferers.push(yield* Effect.forkScoped(suffer(running, seeded(seed + index))))
  }

  const samples: Array<Sample> = []
  const totals = { sessions: 0, losses: new Map<string, number>() }
  const begun = performance.now()
  for (let minute = 1; minute <= minutes; minute++) {
    while (performance.now() - begun < minute * 60_000 && all.every(({ problem }) => problem === undefined)) {
      yield* Effect.sleep("2 seconds")
      samples.push(sample())
    }
    const { losses, sessions } = harvest(all)
    totals.sessions += sessions
    for (const [reason, count] of losses) totals.losses.set(reason, (totals.losses.get(reason) ?? 0) + count)
    const { descriptors, fibers, heap, rss } = samples.at(-1) ?? sample()
    say(
      `${`${minute}`.padStart(4)} min  heap ${(heap / 2 ** 20).toFixed(1)} MiB, rss ${
        (rss / 2 ** 20).toFixed(0)
      } MiB, ` +
        `${descriptors} descriptors, ${fibers} fibers, ${sessions} sessions; lost: ${inWords(losses)}`
    )
    if (all.some(({ problem }) => problem !== undefined)) break
  }

  // Who is stopped, or killed, could not be asked.
  for (const running of all) running.over = true
  yield* Effect.forEach(sufferers, Fiber.join)
  const problems = [...all.flatMap(({ path, problem }) => problem === undefined ? [] : [`${path.name}: ${problem}`])]
  for (const { client, path } of all) {
    yield* client.leave
    const { received } = yield* path.server().stats
    if (received.twice > 0) problems.push(`${path.name}: ${received.twice} of what we sent arrived twice`)
    // A proxy may forward late what a session that is gone had given it.
    if (path.name === "cable" && received.outOfOrder > 0) {
      problems.push(`${path.name}: ${received.outOfOrder} of what we sent arrived after later ones`)
    }
  }
  const verdicts = judge(samples)
  say(
    `\n${all.reduce((sum, { faults }) => sum + faults, 0)} faults, ${totals.sessions} sessions, ${
      all.reduce((sum, { client }) => sum + client.books.messages, 0)
    } messages`
  )
  say(`lost: ${inWords(totals.losses)}`)
  for (const { flat, text } of verdicts) say(`${flat ? "flat" : "GREW"}  ${text}`)
  return [...problems, ...verdicts.filter(({ flat }) => !flat).map(({ text }) => `it grew: ${text}`)]
})

const main = Effect.gen(function*() {
  listenForUnheard()
  // What keeps the process alive while fibers wait is started with the first that waits.
  yield* Effect.sleep("10 millis")
  const before = descriptors()
  const leaks = leaksFromNowOn()
  const problems = [...(yield* Effect.scoped(soak)), ...unheard.splice(0)]
  const left = yield* leftBehind(() => {
    const more = descriptors() - before
    return [...leaks(), ...(more > 1 ? [`${more} descriptors`] : [])]
  })
  for (const problem of [...problems, ...left.map((one) => `left behind: ${one}`)]) say(`FAILED  ${problem}`)
  if (problems.length + left.length > 0) process.exitCode = 1
  else say("It held.")
})

if (values.help) process.stdout.write(help)
else {
  install()
  if (!runsElsewhere(import.meta.filename)) NodeRuntime.runMain(main)
}
