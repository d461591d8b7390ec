// The processes that a measurement needs: a fresh client, and a server beside it.
import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { createInterface } from "node:readline"
import type { Sample, Setting, Workload } from "./types.ts"

/** Ample for the slowest measurement. */
const patience = 120_000

interface Start {
  readonly pinned: boolean
  readonly file: string
  readonly args?: ReadonlyArray<string>
  readonly flags?: ReadonlyArray<string>
}

/** Part of every Linux, and of no other system. */
const pin = ["taskset", "-c", "0"] as const

const canPin = process.platform === "linux" && spawnSync(pin[0], [pin[1], pin[2], "true"]).status === 0

const start = ({ args = [], file, flags = [], pinned }: Start): ChildProcess => {
  const command = [process.execPath, ...flags, join(import.meta.dirname, file), ...args]
  const [program, ...rest] = pinned && canPin ? [...pin, ...command] : command
  return spawn(program!, rest, {
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...process.env, NODE_NO_WARNINGS: "1" }
  })
}

export interface Server {
  readonly port: number
  readonly stop: () => Promise<void>
}

export const startServer = async (pinned: boolean): Promise<Server> => {
  const child = start({ file: "server/main.ts", pinned })
  const [line] = await once(createInterface(child.stdout!), "line") as [string]
  return {
    port: Number(line),
    stop: async () => {
      const exited = once(child, "exit")
      child.stdin!.end()
      await exited
    }
  }
}

/** Where the clients' CPU profiles go. */
export interface Profiling {
  readonly folder: string
  readonly name: string
}

/** Measures once, in a process of its own; fails where that process does. */
export const measure = async (
  workload: Workload,
  setting: Setting,
  profiling: Profiling | undefined
): Promise<Sample> => {
  const flags = profiling === undefined
    ? []
    : ["--cpu-prof", `--cpu-prof-dir=${profiling.folder}`, `--cpu-prof-name=${profiling.name}.cpuprofile`]
  const child = start({
    file: "client.ts",
    args: [workload.id, JSON.stringify(setting)],
    flags: ["--expose-gc", ...flags],
    pinned: workload.pinned
  })
  const timer = setTimeout(() => child.kill("SIGKILL"), patience)
  let last = ""
  createInterface(child.stdout!).on("line", (line) => {
    last = line
  })
  // After `exit` there may still be output.
  const [code, signal] = await once(child, "close") as [number | null, NodeJS.Signals | null]
  clearTimeout(timer)
  if (code !== 0) throw new Error(`${workload.id}, ${setting.contender}: ended with ${code ?? signal}`)
  return JSON.parse(last) as Sample
}
