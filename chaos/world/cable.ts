// Two network namespaces and a cable between them: this process is at the near end, the server at the far one. Only
// inside a namespace of our own, made by `provision.ts`.
import { Effect, type Scope } from "effect"
import * as Server from "../feed/server.ts"
import * as Processes from "./processes.ts"

const near = "10.99.0.1"
const far = "10.99.0.2"

export interface Cable {
  readonly server: Server.Server
  /** Rules for the packets that come in and go out, in the words of nft; in place of those before. */
  readonly rules: (rules: { readonly inbound?: string; readonly outbound?: string }) => Effect.Effect<void>
  /** No rule any more. */
  readonly clear: Effect.Effect<void>
  /** The near end of the cable is pulled, or put back. */
  readonly plug: (how: "down" | "up") => Effect.Effect<void>
  /** The near end's address is taken away, or given back. */
  readonly address: (how: "add" | "del") => Effect.Effect<void>
  /** Both ends carry no more than this. */
  readonly rate: (rate: string) => Effect.Effect<void>
  /** The kernel ends every connection to the server: ours, or the server's, which resets it. */
  readonly killSockets: (end: "near" | "far") => Effect.Effect<void>
  /** The states of the TCP sockets that this end still has towards the server. */
  readonly sockets: Effect.Effect<ReadonlyArray<string>>
}

const { run } = Processes

/** A server at the other end of a cable, for the life of the scope. */
export const make = (options: Server.Options = {}): Effect.Effect<Cable, never, Scope.Scope> =>
  Effect.gen(function*() {
    const server = yield* Server.start({
      host: far,
      ...options,
      apart: (pid) =>
        Effect.gen(function*() {
          const there = (...args: ReadonlyArray<string>) => run("nsenter", "-t", `${pid}`, "-n", ...args)
          yield* Effect.addFinalizer(() => Effect.ignore(Effect.sandbox(run("ip", "link", "del", "near"))))
          yield* run("ip", "link", "add", "name", "near", "type", "veth", "peer", "name", "far", "netns", `${pid}`)
          yield* run("ip", "address", "add", `${near}/24`, "dev", "near")
          yield* run("ip", "link", "set", "near", "up")
          yield* there("ip", "address", "add", `${far}/24`, "dev", "far")
          yield* there("ip", "link", "set", "far", "up")
          yield* there("ip", "link", "set", "lo", "up")
        })
    })
    const there = (...args: ReadonlyArray<string>) => run("nsenter", "-t", `${server.program.pid}`, "-n", ...args)
    const clear = Effect.asVoid(run("nft", "flush", "ruleset"))
    yield* Effect.addFinalizer(() => clear)
    const chain = (hook: string, device: string, rule: string | undefined) =>
      rule === undefined ? "" : `chain ${hook} {\ntype filter hook ${hook} priority 0\n${device} "near" ${rule}\n}\n`
    return {
      server,
      rules: ({ inbound, outbound }) =>
        Effect.asVoid(run(
          "nft",
          `flush ruleset\ntable inet chaos {\n${chain("input", "iifname", inbound)}${
            chain("output", "oifname", outbound)
          }}\n`
        )),
      clear,
      plug: (how) => Effect.asVoid(run("ip", "link", "set", "near", how)),
      address: (how) => Effect.asVoid(run("ip", "address", how, `${near}/24`, "dev", "near")),
      rate: (rate) => {
        const shape = (device: string) =>
          ["tc", "qdisc", "add", "dev", device, "root", "tbf", "rate", rate, "burst", "3200", "latency", "20s"] as const
        return Effect.andThen(run(...shape("near")), Effect.asVoid(there(...shape("far"))))
      },
      killSockets: (end) =>
        Effect.asVoid(
          end === "near"
            ? run("ss", "-K", "--tcp", "dst", far)
            : there("ss", "-K", "--tcp", "state", "established", "src", far)
        ),
      sockets: Effect.map(
        run("ss", "--tcp", "--all", "--no-header", "--numeric", "dst", far),
        (text) => text.split("\n").filter((line) => line !== "").map((line) => line.split(/\s+/)[0]!)
      )
    }
  })
