// What readers were given, beside what the peers sent.
import type { Peer } from "../peers.ts"
import type { Simulation } from "../simulation.ts"
import type { Reader } from "../users.ts"
import { must } from "./violation.ts"

export const check = (simulation: Simulation): void => {
  for (const reader of simulation.users.readers) checkOrder(simulation, reader)
  checkComplete(simulation)
}

const parse = (text: string): readonly [peer: number, number: number] | undefined => {
  const match = /^@(\d+):(\d+)\.*$/.exec(text)
  return match === null ? undefined : [Number(match[1]), Number(match[2])]
}

/** Reads all that there is, so that nothing may be missing in between. */
const isThorough = ({ program: { options } }: Simulation, { by }: Reader): boolean =>
  options.overflow === "backpressure" && options.canPause &&
  (by === "messages" || by === "subscribe" || by === "listen")

const checkOrder = (simulation: Simulation, reader: Reader): void => {
  let last: readonly [number, number] = [0, 0]
  const thorough = isThorough(simulation, reader)
  for (const text of reader.read) {
    const now = parse(text)
    if (now === undefined) continue
    const [peer, number] = now
    must(
      peer > last[0] || (peer === last[0] && number > last[1]),
      "no frame twice or out of order",
      () => `${reader.what} was given ${text} after @${last.join(":")}`
    )
    const whole = !thorough || peer !== last[0] || simulation.peers.all[peer - 1]!.faults.inbound ||
      number === last[1] + 1
    must(whole, "no frame is lost in between", () => `${reader.what} was given ${text} after @${last.join(":")}`)
    last = now
  }
}

const countOf = (reader: Reader, peer: Peer): number =>
  reader.read.filter((text) => text.startsWith(`@${peer.index}:`)).length

/** A reader that keeps up has everything, as soon as it arrived. */
const checkComplete = (simulation: Simulation): void => {
  const { client, peers, users } = simulation
  const peer = peers.latest
  const link = client.links.at(-1)
  if (client.session === undefined || peer === undefined || link === undefined) return
  if (peer.index !== client.links.length || peer.faults.inbound || peer.faults.latency || peer.isGone) return
  if (link.paused()) return
  for (const reader of users.readers) {
    if (reader.pace > 0 || reader.exit !== undefined || reader.since >= peer.index) continue
    if (!isThorough(simulation, reader)) continue
    must(
      countOf(reader, peer) === peer.sent,
      "no frame is lost in between",
      () => `${reader.what} has ${countOf(reader, peer)} of ${peer.sent} messages of peer ${peer.index}`
    )
  }
}

/** What arrived before the peer ended a session reaches everybody who read by then. */
export const checkEnd = (simulation: Simulation): void => {
  const { client, peers, users } = simulation
  for (const { event } of client.events) {
    if (event._tag !== "Disconnected") continue
    const { reason } = event.error
    const byPeer = ("initiator" in reason && reason.initiator === "peer") || reason._tag === "AbnormalClosure"
    const opened = client.events.find((told) => told.event._tag === "Opened" && told.event.session === event.session)
    const peer = opened === undefined ? undefined : peers.all[opened.links - 1]
    if (!byPeer || peer === undefined || peer.faults.inbound) continue
    for (const reader of users.readers) {
      if (reader.since >= peer.index || !isThorough(simulation, reader) || wasStopped(reader)) continue
      must(
        countOf(reader, peer) === peer.sent,
        "no frame is lost in between",
        () => `${reader.what} was given ${countOf(reader, peer)} of ${peer.sent} messages of peer ${peer.index}`
      )
    }
  }
}

const wasStopped = ({ exit }: Reader): boolean =>
  exit?._tag === "Failure" && exit.cause.reasons.every(({ _tag }) => _tag === "Interrupt")
