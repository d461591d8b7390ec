// The life of a connection: its status, its events, its sockets, one after the other.
import { illegalEdges } from "../../test/support/edges.ts"
import type { Told } from "../client.ts"
import * as program from "../program.ts"
import type { Simulation } from "../simulation.ts"
import { must } from "./violation.ts"

/** Which of the events that mark its life may follow which. */
const follows: Record<string, ReadonlyArray<string>> = {
  Dialling: ["Opened", "AttemptFailed", "Closed"],
  Opened: ["Disconnected"],
  AttemptFailed: ["WaitScheduled", "Closed"],
  Disconnected: ["WaitScheduled", "Dialling", "Closed"],
  WaitScheduled: ["Dialling", "Closed"],
  Closed: []
}

export class Life {
  private readonly simulation: Simulation
  private seenStatuses = 0
  private seenEvents = 0
  private last: Told | undefined = undefined
  private session = 0
  private overlap: number | undefined = undefined

  constructor(simulation: Simulation) {
    this.simulation = simulation
    simulation.client.onOpen = (session) => {
      const isEarlier = (other: number) => other < session
      if (simulation.users.readers.some(({ running }) => [...running].some(isEarlier))) this.overlap ??= session
    }
  }

  check(): void {
    const { client } = this.simulation
    const { events, statuses } = client
    for (; this.seenStatuses < statuses.length; this.seenStatuses++) {
      const pair = statuses.slice(Math.max(0, this.seenStatuses - 1), this.seenStatuses + 1)
      must(illegalEdges(pair).length === 0, "status edges are legal", () => illegalEdges(pair).join(", "))
    }
    for (; this.seenEvents < events.length; this.seenEvents++) this.happened(events[this.seenEvents]!)
    must(client.doubled.length === 0, "at most one live session", () => `link ${client.doubled[0]} was live at a dial`)
    const live = client.links.filter((link) => link.writable()).length
    must(
      this.overlap === undefined,
      "sessions of users do not overlap",
      () => `session ${this.overlap} opened while a use of an earlier one still ran`
    )
    must(live <= 1, "at most one live session", () => `${live} links are live`)
    this.watchLiveness()
  }

  private happened(told: Told): void {
    const { client, program: { options } } = this.simulation
    const { event } = told
    if (!(event._tag in follows)) return
    const before = this.last?.event._tag
    this.last = told
    must(
      before === undefined || follows[before]!.includes(event._tag),
      before === "Opened" ? "at most one live session" : "status edges are legal",
      () => `the event ${event._tag} came after ${before}`
    )
    if (event._tag === "Opened") {
      must(
        this.session === 0 || event.session === this.session + 1,
        "at most one live session",
        () => `session ${event.session} came after ${this.session}`
      )
      this.session = event.session
      must(
        options.greet === "none" || client.greeted.has(told.links),
        "nothing before greet",
        () => `session ${event.session} opened before greet was done`
      )
    }
    if (event._tag === "Disconnected") {
      const { reason } = event.error
      must(
        reason._tag !== "SendFailed",
        "status edges are legal",
        () => `session ${event.session} ended because nothing could be sent, and not for its own reason`
      )
      if (reason._tag === "HeartbeatTimeout") this.judgeAlarm(event.session)
    }
    if (event._tag === "Closed") {
      const byUs = this.simulation.closing !== undefined
      must(byUs || event.cause._tag === "Some", "status edges are legal", () => "it closed, and nobody knows why")
    }
  }

  /** The peer of that session. */
  private peerOf(session: number) {
    const { client, peers } = this.simulation
    const opened = client.events.find(({ event }) => event._tag === "Opened" && event.session === session)
    return opened === undefined ? undefined : peers.all[opened.links - 1]
  }

  private judgeAlarm(session: number): void {
    const { heartbeat } = this.simulation.program.options
    const peer = this.peerOf(session)
    if (peer === undefined || heartbeat === "idle" || heartbeat === "both") return
    const { inbound, outbound, paused } = peer.faults
    const isSlow = 2 * peer.slowest >= program.heartbeat.timeout
    must(
      inbound || isSlow || outbound || paused,
      "no false alarm",
      () => `session ${session} was called dead, though peer ${peer.index} answered`
    )
  }

  private watchLiveness(): void {
    const { client, peers, program: { options }, wasSuspended, world } = this.simulation
    const peer = peers.latest
    if (client.session === undefined || options.heartbeat === "none" || options.heartbeat === "idle") return
    if (peer?.deafSince === undefined || peer.faults.latency || peer.faults.paused || wasSuspended) return
    if (client.events.some(({ event }) => event._tag === "Paused" && event.session === client.session)) return
    // Its question may wait for its turn.
    if (options.heartbeat === "message" && options.rateLimit !== "none") return
    const silent = world.now - peer.deafSince
    must(
      silent <= program.heartbeat.interval + program.heartbeat.timeout + 500 || client.links.length !== peer.index,
      "a dead peer is found",
      () => `peer ${peer.index} has been silent for ${silent} ms, and session ${client.session} is open`
    )
  }

  checkEnd(): void {
    const { connection, statuses } = this.simulation.client
    const last = statuses.at(-1)?._tag
    must(connection === undefined || last === "Closed", "status edges are legal", () => `the last status is ${last}`)
  }
}
