// Brings what the rows need: Debian's packages where they are missing, and a network of our own.
import { spawn, spawnSync } from "node:child_process"
import { existsSync } from "node:fs"
import { type Requirement, requires } from "../test/setup/requirements.ts"

/** Which package a command is from. */
const packages: Readonly<Record<string, string>> = {
  haproxy: "haproxy",
  ip: "iproute2",
  nft: "nftables",
  nginx: "nginx-light",
  nsenter: "util-linux",
  ss: "iproute2",
  tc: "iproute2",
  unshare: "util-linux"
}

const isRoot = process.getuid?.() === 0

const has = (command: string): boolean =>
  spawnSync("sh", ["-c", `command -v ${command}`], { stdio: "ignore" }).status === 0

/** Root's PATH leads to the daemons and the tools of the network, other people's does not. */
const widenPath = (): void => {
  process.env["PATH"] = `${process.env["PATH"] ?? ""}:/usr/local/sbin:/usr/sbin:/sbin`
}

/** Installs what is missing, as root on Debian; elsewhere the rows that need it are skipped. */
export const install = (): void => {
  widenPath()
  const missing = [...new Set(Object.keys(packages).filter((one) => !has(one)).map((one) => packages[one]!))]
  if (missing.length === 0 || !isRoot || !has("apt-get") || !existsSync("/etc/debian_version")) return
  process.stdout.write(`Installing ${missing.join(", ")}\n`)
  const apt = (...args: ReadonlyArray<string>) =>
    spawnSync("apt-get", args, {
      stdio: ["ignore", "ignore", "inherit"],
      env: {
        ...process.env,
        DEBIAN_FRONTEND: "noninteractive",
        // A daemon that a package brings is not to be started.
        RUNLEVEL: "1"
      }
    }).status === 0
  if (!apt("install", "-y", "-qq", "--no-install-recommends", ...missing)) {
    apt("update", "-qq")
    apt("install", "-y", "-qq", "--no-install-recommends", ...missing)
  }
}

const inside = "HOLDFAST_CHAOS_NETWORK"

/**
 * Runs this script again in a network namespace of its own, where that can be, so that no rule and no device touches
 * the machine's network. True where this process is not the one that has to go on.
 */
export const runsElsewhere = (script: string): boolean => {
  if (process.env[inside] !== undefined || !requires("networkNamespaces").available) return false
  const command = [process.execPath, ...process.execArgv, script, ...process.argv.slice(2)]
  const child = spawn("unshare", ["--net", "sh", "-c", "ip link set lo up && exec \"$@\"", "sh", ...command], {
    stdio: "inherit",
    env: { ...process.env, [inside]: "own" }
  })
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => child.kill(signal))
  child.on("exit", (code) => {
    process.exitCode = code ?? 1
  })
  return true
}

/** Whether a row can run here; says what is missing, once, and with HOLDFAST_REQUIRE=all fails. */
export const provided = (needs: ReadonlyArray<Requirement>): boolean => needs.every((need) => requires(need).available)
