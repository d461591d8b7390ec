// What became of what was sent: as the senders were told, and as the peers saw it.
import type { Peer } from "../peers.ts"
import type { Simulation } from "../simulation.ts"
import type { Flush, Sent, Waiter } from "../users.ts"
import { must } from "./violation.ts"

export const check = (simulation: Simulation): void => {
  const { client, peers, users } = simulation
  const handed = [...client.wire.users.keys()]
  let next = 0
  for (const peer of peers.all) {
    checkGreeting(simulation, peer)
    for (const number of peer.received) {
      next = handed.indexOf(number, next) + 1
      must(next > 0, "sends keep their order", () => `peer ${peer.index} received #${number} out of order`)
    }
  }
  checkGate(simulation)
  const received = receivedBy(simulation)
  for (const sent of users.sent) checkOne(simulation, sent, received)
  checkWaiting(simulation)
  checkFlushes(simulation, received)
}

const receivedBy = ({ peers }: Simulation): ReadonlySet<number> => new Set(peers.all.flatMap((peer) => peer.received))

const checkGreeting = ({ program: { options: { greet } } }: Simulation, { faults, index, seen }: Peer): void => {
  // What the network lost on its way to the peer was said all the same: see `checkGate`.
  if (greet === "none" || seen.length === 0 || faults.outbound) return
  const first = seen.findIndex((text) => /^[#~?]/.test(text))
  const before = first < 0 ? seen : seen.slice(0, first)
  const wanted = greet === "dialogue" ? ["hello", "hello again"] : ["hello"]
  must(
    seen[0] === "hello" && (first < 0 || wanted.every((text) => before.includes(text))),
    "nothing before greet",
    () => `peer ${index} received ${seen.slice(0, 3).join(", ")}`
  )
}

/** No user's message was handed to a link that had not been greeted. */
const checkGate = ({ client, program: { options: { greet } } }: Simulation): void => {
  if (greet === "none") return
  for (const { link, number } of client.wire.users.values()) {
    must(client.greeted.has(link), "nothing before greet", () => `#${number} was handed to link ${link} before that`)
  }
}

/** Nothing but the users' own doing keeps what is sent from the peer, and at once. */
export const isHealthy = ({ client }: Simulation, peer: Peer | undefined): peer is Peer =>
  peer !== undefined && peer.index === client.links.length && !peer.isGone && !peer.isPaused &&
  !peer.faults.outbound && !peer.faults.latency

/** What an interrupted send had achieved when that was first looked at. */
const interrupted = new WeakMap<Sent, boolean>()

const checkOne = (simulation: Simulation, sent: Sent, received: ReadonlySet<number>): void => {
  const { client, peers } = simulation
  const arrived = received.has(sent.number)
  const wasHanded = client.wire.users.has(sent.number)
  const name = `#${sent.number} (by ${sent.by})`
  switch (sent.outcome) {
    case undefined:
      return
    case "wrong":
      return must(false, "every send has one outcome", () => `${name} ended with ${sent.detail}`)
    case "unknown":
      return
    case "notSent":
      return must(!wasHanded, "what is not sent is not received", () => `${name} was not sent, and arrived`)
    case "interrupted": {
      const before = interrupted.get(sent)
      if (before === undefined) return void interrupted.set(sent, wasHanded)
      return must(
        before || !wasHanded,
        "what is not sent is not received",
        () => `${name} was interrupted, and arrived later`
      )
    }
    case "accepted": {
      const { session } = client
      const peer = peers.latest
      if (arrived || session === undefined || sent.session !== session || sent.during !== session) return
      return must(!isHealthy(simulation, peer), "what is accepted arrives", () => `${name} has not arrived`)
    }
  }
}

/** Neither a prelude nor the rate limit holds anything up. */
const isFlowing = (simulation: Simulation): boolean =>
  simulation.preludes.isOwed(simulation.client.links.length) === undefined && hasRoom(simulation)

/** The rate limit has long had room: what was reserved and never used is forgotten by now. */
export const hasRoom = ({ client, preludes, program, wasSuspended, world }: Simulation): boolean => {
  const { rateLimit } = program.options
  if (rateLimit === "none") return true
  const opened = client.events.findLast(({ event }) => event._tag === "Opened")?.at ?? world.now
  const last = Math.max(client.wire.frames.at(-1)?.at ?? 0, preludes.endedAt, opened)
  return !wasSuspended && world.now - last > 2 * rateLimit.window
}

const checkWaiting = (simulation: Simulation): void => {
  const { client, peers, program: { options }, users } = simulation
  const { status } = client
  if (status === undefined) return
  const idle = (list: ReadonlyArray<Waiter>, why: string) => {
    const waiting = list.find(({ exit }) => exit === undefined)
    must(waiting === undefined, "every send has one outcome", () => `${waiting!.what} waits, though ${why}`)
  }
  if (status._tag === "Open" && isHealthy(simulation, peers.latest) && isFlowing(simulation)) {
    idle(users.senders, "the peer reads")
    idle(users.flushes, "the peer reads")
  }
  if (status._tag === "Waiting" || status._tag === "Connecting") {
    const mode = options.whileDisconnected
    if (mode === "fail" || mode === "drop") {
      idle(users.senders.filter(({ what }) => what === "send by connection" || what === "sendAll"), "it is to be told")
    }
    const late = users.sent.find(({ by, outcome }) => by === "session" && outcome === undefined)
    must(late === undefined, "every send has one outcome", () => `#${late!.number} waits for a session that has ended`)
  }
  if (status._tag === "Closed") {
    idle(users.senders, "the connection is closed")
    idle(users.flushes, "the connection is closed")
    idle(users.waiters, "the connection is closed")
  }
}

/** Frames that Holdfast owned up to have lost. */
const confessed = ({ client }: Simulation): number =>
  client.events.reduce(
    (sum, { event }) =>
      event._tag === "Disconnected"
        ? sum + event.unflushed.messages
        : event._tag === "Dropped" && event.direction === "outbound"
        ? sum + event.messages
        : sum,
    0
  )

/** The network itself lost nothing that had left the process. */
const isLossless = ({ peers }: Simulation): boolean =>
  peers.all.every(({ droppedAt, faults }) =>
    !faults.outbound && !faults.early && !(faults.paused && faults.latency) && droppedAt === undefined
  )

const checkFlushes = (simulation: Simulation, received: ReadonlySet<number>): void => {
  const { client, users } = simulation
  const losses = client.events.filter(({ event }) => event._tag === "Disconnected" && event.unflushed.messages > 0)
  for (const flush of users.flushes) {
    if (flush.judged || flush.exit === undefined) continue
    flush.judged = true
    if (flush.exit._tag === "Failure") continue
    checkReported(simulation, flush, losses.map(({ at }) => at))
    if (!isLossless(simulation) || simulation.peers.all.some((peer) => peer.faults.latency)) continue
    const missing = flush.accepted.filter((number) => !received.has(number))
    must(
      missing.length <= confessed(simulation),
      "a flush is honest",
      () => `a flush succeeded, and #${missing.join(", #")} did not arrive`
    )
  }
}

/** A loss is reported by every flush that waits, or else by the next one. */
const checkReported = ({ users }: Simulation, flush: Flush, losses: ReadonlyArray<number>): void => {
  const reported = Math.max(
    -1,
    ...users.flushes.map(({ exit, settledAt }) => exit?._tag === "Failure" ? settledAt! : -1)
  )
  const untold = losses.find((at) =>
    flush.alone && at > reported && (at < flush.startedAt || (at > flush.startedAt && at < flush.settledAt!))
  )
  must(untold === undefined, "a flush is honest", () => `a flush succeeded, though something was lost at ${untold}`)
}

export const checkEnd = (simulation: Simulation): void => {
  const { client, users } = simulation
  for (const { number, outcome } of users.sent) {
    must(outcome !== undefined, "every send has one outcome", () => `#${number} has none`)
  }
  if (!isLossless(simulation) || client.connection === undefined) return
  const received = receivedBy(simulation)
  const lost = users.sent.filter(({ number, outcome }) => outcome === "accepted" && !received.has(number))
  const owned = confessed(simulation)
  must(
    lost.length <= owned,
    "what is accepted arrives",
    () => `#${lost.map(({ number }) => number).join(", #")} did not arrive; ${owned} were said to be lost`
  )
}
