// Every socket, server, pipe, process, signal listener, look-up and timer of this process that has not ended.
//
// `process.getActiveResourcesInfo()` has no identities, forgets what is unref'd and cannot tell our timers from those of
// the test runner, so the resources are followed from birth to death.
import { AsyncResource, createHook } from "node:async_hooks"
import { describeStack, shortStack } from "./stacks.ts"

const names: Record<string, string> = {
  FSEVENTWRAP: "file watcher",
  GETADDRINFOREQWRAP: "address look-up",
  PIPECONNECTWRAP: "pipe connection attempt",
  PIPESERVERWRAP: "pipe server",
  PIPEWRAP: "pipe",
  PROCESSWRAP: "child process",
  QUERYWRAP: "DNS query",
  SIGNALWRAP: "signal listener",
  STATWATCHER: "file watcher",
  TCPCONNECTWRAP: "TCP connection attempt",
  TCPSERVERWRAP: "TCP server",
  TCPWRAP: "TCP socket",
  Timeout: "timer",
  TTYWRAP: "terminal",
  UDPWRAP: "UDP socket",
  WORKER: "worker"
}

interface Resource {
  readonly id: number
  readonly type: string
  readonly birth: Error
  readonly resource: object
  counted: boolean | undefined
}

const live = new Map<number, Resource>()
let paused = false

// Node opens the pipes of the standard streams on first use, which is no test's doing.
void process.stdin
void process.stdout
void process.stderr

createHook({
  trackPromises: false,
  init(id, type, _trigger, resource) {
    if (paused || !(type in names)) return
    live.set(id, { id, type, birth: shortStack(12), resource, counted: undefined })
  },
  destroy(id) {
    live.delete(id)
  }
}).enable()

/** What `run` starts at once is not followed. */
export const withoutTracking = <A>(run: () => A): A => {
  paused = true
  try {
    return run()
  } finally {
    paused = false
  }
}

/** Ids rise: what was born later has a higher one. */
export const newestResource = (): number => new AsyncResource("mark").asyncId()

/** How many live, by type. */
export const liveResources = (): ReadonlyMap<string, number> => {
  const counts = new Map<string, number>()
  for (const resource of live.values()) {
    if (isCounted(resource)) counts.set(resource.type, (counts.get(resource.type) ?? 0) + 1)
  }
  return counts
}

/** The resources of that type that were born after that id, in words. */
export const describeResourcesSince = (type: string, id: number): ReadonlyArray<string> =>
  Array.from(live.values())
    .filter((resource) => resource.type === type && resource.id > id && isCounted(resource))
    .map((resource) => `an open ${names[type]}${describeHandle(resource.resource)}${describeStack(resource.birth)}`)

/** Timers of Node itself and of the test runner are nobody's leak: only those count that other code has asked for. */
const isCounted = (resource: Resource): boolean => {
  if (resource.type !== "Timeout") return true
  return resource.counted ??= isOurTimer(resource.birth.stack ?? "")
}

const isOurTimer = (stack: string): boolean => {
  const frames = stack.split("\n").slice(1)
  const api = frames.findIndex((line) => /\bnode:timers[:/]/.test(line))
  const caller = api === -1 ? undefined : frames[api + 1]
  return caller !== undefined && !/\bnode:|\/node_modules\/(vitest|@vitest)\//.test(caller)
}

const describeHandle = (resource: object): string => {
  const [local, remote] = ["getsockname", "getpeername"].map((method) => {
    const address: { address?: string; port?: number } = {}
    const get = (resource as Record<string, unknown>)[method]
    if (typeof get === "function") get.call(resource, address)
    return address.port === undefined ? undefined : `${address.address}:${address.port}`
  })
  return [...(local === undefined ? [] : [` ${local}`]), ...(remote === undefined ? [] : [` to ${remote}`])].join("")
}
