/**
 * Which process a pid means. Numbers are used again, so that a process is only
 * known by its number and the time at which it began.
 */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as ChildProcess from "effect/process/ChildProcess"
import * as ChildProcessSpawner from "effect/process/ChildProcessSpawner"

/** One process, and no other that has its number later. */
export interface Identity {
  readonly pid: number
  /** When it began: the boot and the kernel's ticks since (Linux), or what `ps` says. Never empty. */
  readonly birth: string
}

type Needs = FileSystem.FileSystem | ChildProcessSpawner.ChildProcessSpawner

/** The process that has this pid now; none where there is none, or where it has ended and was not buried yet. */
export const identify = (pid: number, proc = "/proc"): Effect.Effect<Identity | undefined, never, Needs> =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const read = (path: string) => Effect.orElseSucceed(fs.readFileString(`${proc}/${path}`), () => undefined)
    const boot = yield* read("sys/kernel/random/boot_id")
    if (boot === undefined) return yield* fromPs(pid)
    const stat = yield* read(`${pid}/stat`)
    const birth = stat === undefined ? undefined : birthOfStat(stat)
    return birth === undefined ? undefined : { pid, birth: `${boot.trim()}/${birth}` }
  })

/** Whether that very process still runs. */
export const isAlive = (identity: Identity): Effect.Effect<boolean, never, Needs> =>
  Effect.map(identify(identity.pid), (now) => now?.birth === identity.birth)

/** Sends a signal to that very process; false where it is gone, or where its number belongs to another now. */
export const signal = (identity: Identity, name: NodeJS.Signals): Effect.Effect<boolean, never, Needs> =>
  Effect.flatMap(
    isAlive(identity),
    (alive) => alive ? Effect.orElseSucceed(Effect.try(() => process.kill(identity.pid, name)), () => false) : no
  )

const no = Effect.succeed(false)

/** This process. */
export const self: Effect.Effect<Identity, never, Needs> = Effect.suspend(() =>
  Effect.map(identify(process.pid), (identity) => identity ?? { pid: process.pid, birth: "unknown" })
)

/** The second field is a name in brackets, with anything in it; the third is the state, the 22nd the start. */
const birthOfStat = (stat: string): string | undefined => {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
  return isDead(fields[0] ?? "") ? undefined : fields[19]
}

/** A zombie answers to signals, and does nothing. In a container without an init nobody buries it. */
const isDead = (state: string): boolean => /^[ZXx]/.test(state)

const fromPs = (pid: number): Effect.Effect<Identity | undefined, never, ChildProcessSpawner.ChildProcessSpawner> =>
  Effect.gen(function*() {
    const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
    const told = yield* spawner.string(
      ChildProcess.make("ps", ["-o", "stat=", "-o", "lstart=", "-p", String(pid)], {
        env: { LC_ALL: "C", TZ: "UTC" },
        extendEnv: true
      })
    )
    const [, state = "", birth = ""] = /^\s*(\S+)\s+(.*?)\s*$/.exec(told) ?? []
    return birth === "" || isDead(state) ? undefined : { pid, birth }
  }).pipe(Effect.orElseSucceed(() => undefined))
