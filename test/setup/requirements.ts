// What a bare machine may lack. A test that needs one of these says so:
//
//   it.skipIf(!requires("chromium").available)("…", …)
//
// With HOLDFAST_REQUIRE=all, as in CI, what is missing fails the file instead of being skipped.
import { spawnSync } from "node:child_process"
import { existsSync, mkdtempSync, rmSync } from "node:fs"
import { networkInterfaces, tmpdir } from "node:os"
import { delimiter, join } from "node:path"

export type Requirement =
  | "chromium"
  | "haproxy"
  | "ipv6"
  | "mosquitto"
  | "networkNamespaces"
  | "nft"
  | "nginx"
  | "openssl"
  | "postgres"
  | "redis"
  | "socat"
  | "systemd"
  | "tmpfs"
  | "tmux"
  | "trafficControl"

export interface Provision {
  readonly available: boolean
  /** Of the program, when the requirement is one. */
  readonly path: string | undefined
}

interface Probe {
  readonly missing: string
  readonly run: () => Provision
}

const program = (...names: ReadonlyArray<string>): Provision => {
  const folders = (process.env["PATH"] ?? "").split(delimiter)
  const path = names.flatMap((name) => folders.map((folder) => join(folder, name))).find((file) => existsSync(file))
  return { available: path !== undefined, path }
}

const probes: Record<Requirement, Probe> = {
  chromium: {
    missing: "no Chromium on the PATH (Debian: apt-get install chromium)",
    run: () => program("chromium", "chromium-browser", "google-chrome")
  },
  openssl: {
    missing: "no openssl on the PATH (Debian: apt-get install openssl)",
    run: () => program("openssl")
  },
  mosquitto: {
    missing: "no mosquitto on the PATH or in /usr/sbin (Debian: apt-get install mosquitto)",
    run: () => program("mosquitto", "../sbin/mosquitto")
  },
  networkNamespaces: {
    missing: "network namespaces cannot be made (needs root, unshare of util-linux and ip of iproute2)",
    run: () => {
      const unshare = program("unshare")
      if (unshare.path === undefined || !program("ip").available) return { available: false, path: undefined }
      const { status } = spawnSync(unshare.path, ["--net", "ip", "link", "set", "lo", "up"], { stdio: "ignore" })
      return { available: status === 0, path: unshare.path }
    }
  },
  nginx: {
    missing: "no nginx on the PATH (Debian: apt-get install nginx-light)",
    run: () => program("nginx")
  },
  haproxy: {
    missing: "no haproxy on the PATH (Debian: apt-get install haproxy)",
    run: () => program("haproxy")
  },
  nft: {
    missing: "packets cannot be dropped (needs root, and nft of Debian's nftables)",
    run: () => inNamespace("nft", "add table inet probe")
  },
  trafficControl: {
    missing: "a line cannot be made slow (needs root, tc of iproute2, and a kernel with sch_tbf)",
    run: () => inNamespace("tc", "qdisc add dev lo root tbf rate 64kbit burst 3200 latency 1s")
  },
  postgres: {
    missing: "no PostgreSQL answers at 127.0.0.1:5432 (user postgres without a password, database test)",
    run: () => ({ available: listens(5432), path: undefined })
  },
  redis: {
    missing: "no Redis answers at 127.0.0.1:6379",
    run: () => ({ available: listens(6379), path: undefined })
  },
  tmux: {
    missing: "no tmux on the PATH (Debian: apt-get install tmux)",
    run: () => program("tmux")
  },
  socat: {
    missing: "no socat on the PATH (Debian: apt-get install socat)",
    run: () => program("socat")
  },
  systemd: {
    missing: "no systemd-notify or no systemd-analyze on the PATH (Debian: apt-get install systemd)",
    run: () => {
      const { available, path } = program("systemd-notify")
      return { available: available && program("systemd-analyze").available, path }
    }
  },
  tmpfs: {
    missing: "a small disk cannot be mounted (needs root, and mount of util-linux)",
    run: () => {
      const folder = mkdtempSync(join(tmpdir(), "holdfast-probe-"))
      const { status } = spawnSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", folder], { stdio: "ignore" })
      if (status === 0) spawnSync("umount", [folder], { stdio: "ignore" })
      rmSync(folder, { recursive: true })
      return { available: status === 0, path: undefined }
    }
  },
  ipv6: {
    missing: "the loopback interface has no IPv6 address",
    run: () => ({ available: hasLoopback6(), path: undefined })
  }
}

/** Whether somebody answers at this port. Asked in a process of its own, since the question must be answered at once. */
const listens = (port: number): boolean =>
  spawnSync(process.execPath, [
    "--eval",
    `require("node:net").connect(${port}, "127.0.0.1").on("connect", () => process.exit(0)).on("error", () => process.exit(1))`
  ], { stdio: "ignore", timeout: 5000 }).status === 0

/** Whether a command succeeds in a namespace of its own, where it changes nothing that lasts. */
const inNamespace = (name: string, args: string): Provision => {
  const { path } = program(name)
  if (path === undefined || !program("unshare").available) return { available: false, path: undefined }
  const { status } = spawnSync("unshare", ["--net", path, ...args.split(" ")], { stdio: "ignore" })
  return { available: status === 0, path }
}

const hasLoopback6 = (): boolean =>
  Object.values(networkInterfaces()).some((addresses) => addresses?.some(({ address }) => address === "::1") === true)

const known = new Map<Requirement, Provision>()

/** Looks once in each process; tells once what is missing. */
export const requires = (requirement: Requirement): Provision => {
  const provision = known.get(requirement) ?? probes[requirement].run()
  if (!provision.available) {
    const sentence = `${requirement}: ${probes[requirement].missing}`
    if (process.env["HOLDFAST_REQUIRE"] === "all") throw new Error(`HOLDFAST_REQUIRE=all, but ${sentence}`)
    if (!known.has(requirement)) process.stderr.write(`Skipping what requires ${sentence}\n`)
  }
  known.set(requirement, provision)
  return provision
}
