// `npm run simulate -- --help`
import { availableParallelism } from "node:os"
import { setImmediate } from "node:timers/promises"
import { parseArgs } from "node:util"
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads"
import { type Exploration, explore, report } from "./explore.ts"

const help = `npm run simulate -- [options]

  --seed N      of the first program; the next ones follow. A fresh one unless told; several are run one after another
  --runs K      how many programs of each seed; 10 000 unless told
  --threads T   how many run at a time; one a processor unless told
  --as-drawn    a program that fails is shown as it was drawn, and not made smaller
`

/** What a thread tells: how many more have run, or what it found. */
type Message = { readonly ran: number } | { readonly found: { readonly seed: number; readonly text: string } }

const often = 100

const whole = (name: string, value: string | undefined, otherwise: number): number => {
  const number = value === undefined ? otherwise : Number(value)
  if (!Number.isSafeInteger(number) || number < 0) throw new Error(`--${name} is a whole number.\n\n${help}`)
  return number
}

const say = (text: string) => process.stdout.write(text)

const work = async (): Promise<void> => {
  for (const exploration of workerData as ReadonlyArray<Exploration>) {
    if (await fails(exploration)) return
  }
}

const fails = async (exploration: Exploration): Promise<boolean> => {
  const stride = exploration.stride ?? 1
  for (let ran = 0; ran < exploration.runs; ran += often) {
    const runs = Math.min(often, exploration.runs - ran)
    const found = explore({ ...exploration, seed: exploration.seed + ran * stride, runs })
    if (found !== undefined) {
      parentPort!.postMessage({ found: { seed: found.seed, text: report(found) } } satisfies Message)
      return true
    }
    parentPort!.postMessage({ ran: runs } satisfies Message)
    // A thread that never comes back to its event loop never forgets what was registered to be finalised.
    await setImmediate()
  }
  return false
}

const main = async (): Promise<void> => {
  const { values } = parseArgs({
    options: {
      seed: { type: "string", multiple: true },
      runs: { type: "string" },
      threads: { type: "string" },
      "as-drawn": { type: "boolean", default: false },
      help: { type: "boolean", default: false }
    }
  })
  if (values.help) return void say(help)
  const fresh = String(Math.floor(Math.random() * 1e9))
  const seeds = (values.seed ?? [fresh]).map((seed) => whole("seed", seed, 0))
  const runs = whole("runs", values.runs, 10_000)
  const all = runs * seeds.length
  const threads = Math.max(1, Math.min(runs, whole("threads", values.threads, availableParallelism())))
  const begun = performance.now()
  let ran = 0
  let told = 0
  const step = Math.max(5000, all / 20)
  const found: Array<{ readonly seed: number; readonly text: string }> = []
  say(`seed ${seeds.join(" and ")}, ${runs} runs\n`)
  await Promise.all(Array.from({ length: threads }, (_, i) => {
    const explorations = seeds.map((seed): Exploration => ({
      seed: seed + i,
      stride: threads,
      runs: Math.ceil((runs - i) / threads),
      asDrawn: values["as-drawn"]
    }))
    const worker = new Worker(import.meta.filename, { workerData: explorations })
    worker.on("message", (message: Message) => {
      if ("found" in message) found.push(message.found)
      else ran += message.ran
      if (process.stdout.isTTY) say(`\r${ran} of ${all}`)
      else if (ran >= told + step) say(`${told = ran} of ${all}\n`)
    })
    return new Promise<void>((resolve, reject) => {
      worker.on("error", reject)
      worker.on("exit", () => resolve())
    })
  }))
  const seconds = (performance.now() - begun) / 1000
  const first = found.toSorted((a, b) => a.seed - b.seed)[0]
  if (first === undefined) {
    return void say(`no violation in ${all} runs (${seconds.toFixed(0)} s, ${(all / seconds).toFixed(0)} a second)\n`)
  }
  say(`\n${first.text}\n`)
  process.exitCode = 1
}

if (isMainThread) await main()
else {
  // Nobody reads the stacks of a million errors.
  Error.stackTraceLimit = 0
  await work()
}
