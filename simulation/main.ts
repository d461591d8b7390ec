// `npm run simulate -- --help`
import { availableParallelism } from "node:os"
import { setImmediate } from "node:timers/promises"
import { parseArgs } from "node:util"
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads"
import { type Exploration, explore, report } from "./explore.ts"

const help = `npm run simulate -- [options]

  --seed N      of the first program; the next ones follow. A fresh one unless told
  --runs K      how many programs; 10 000 unless told
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
  const exploration = workerData as Exploration
  const stride = exploration.stride ?? 1
  for (let ran = 0; ran < exploration.runs; ran += often) {
    const runs = Math.min(often, exploration.runs - ran)
    const found = explore({ ...exploration, seed: exploration.seed + ran * stride, runs })
    if (found !== undefined) {
      return parentPort!.postMessage({ found: { seed: found.seed, text: report(found) } } satisfies Message)
    }
    parentPort!.postMessage({ ran: runs } satisfies Message)
    // A thread that never comes back to its event loop never forgets what was registered to be finalised.
    await setImmediate()
  }
}

const main = async (): Promise<void> => {
  const { values } = parseArgs({
    options: {
      seed: { type: "string" },
      runs: { type: "string" },
      threads: { type: "string" },
      "as-drawn": { type: "boolean", default: false },
      help: { type: "boolean", default: false }
    }
  })
  if (values.help) return void say(help)
  const seed = whole("seed", values.seed, Math.floor(Math.random() * 1e9))
  const runs = whole("runs", values.runs, 10_000)
  const threads = Math.max(1, Math.min(runs, whole("threads", values.threads, availableParallelism())))
  const begun = performance.now()
  let ran = 0
  let told = 0
  const step = Math.max(5000, runs / 20)
  const found: Array<{ readonly seed: number; readonly text: string }> = []
  say(`seed ${seed}, ${runs} runs\n`)
  await Promise.all(Array.from({ length: threads }, (_, i) => {
    const exploration: Exploration = {
      seed: seed + i,
      stride: threads,
      runs: Math.ceil((runs - i) / threads),
      asDrawn: values["as-drawn"]
    }
    const worker = new Worker(import.meta.filename, { workerData: exploration })
    worker.on("message", (message: Message) => {
      if ("found" in message) found.push(message.found)
      else ran += message.ran
      if (process.stdout.isTTY) say(`\r${ran} of ${runs}`)
      else if (ran >= told + step) say(`${told = ran} of ${runs}\n`)
    })
    return new Promise<void>((resolve, reject) => {
      worker.on("error", reject)
      worker.on("exit", () => resolve())
    })
  }))
  const seconds = (performance.now() - begun) / 1000
  const first = found.toSorted((a, b) => a.seed - b.seed)[0]
  if (first === undefined) {
    return void say(`no violation in ${runs} runs (${seconds.toFixed(0)} s, ${(runs / seconds).toFixed(0)} a second)\n`)
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
