// What a step does. Nothing waits here: what takes time goes on in fibers of its own.
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type { Answers } from "../src/testing/TestServer.ts"
import type { Peer } from "./peers.ts"
import type { Answer, Step } from "./program.ts"
import type { Simulation } from "./simulation.ts"

export const execute = (simulation: Simulation, step: Step): void => {
  if (!onNetwork(simulation, step)) onConnection(simulation, step)
}

/** What happens to the server, its peers and the clocks; false where the step is none of these. */
const onNetwork = (simulation: Simulation, step: Step): boolean => {
  const { client: { server }, peers, world } = simulation
  const onPeer = (act: (peer: Peer) => Effect.Effect<void>): void => {
    const peer = peers.latest
    if (peer !== undefined) world.fork(act(peer))
  }
  switch (step.do) {
    case "advance":
      world.advance(step.ms)
      return true
    case "suspend":
      simulation.wasSuspended = true
      world.suspend(step.ms)
      return true
    case "setClock":
      world.setClock(step.by)
      return true
    case "answer":
      world.fork(answer(step.next ? server.next : server, step.answer))
      return true
    case "onAccept":
      peers.behaviour = step.behaviour
      return true
    case "peerSend":
      onPeer((peer) => peers.send(peer, step.count, step.bytes))
      return true
    case "peerPing":
      onPeer((peer) => peer.test.ping)
      return true
    case "peerClose":
      onPeer((peer) => peers.close(peer, step.code))
      return true
    case "peerDrop":
      onPeer((peer) => peers.drop(peer))
      return true
    case "blackhole":
      onPeer((peer) => peers.blackhole(peer, step.inbound, step.outbound))
      return true
    case "latency":
      onPeer((peer) => peers.latency(peer, step.ms))
      return true
    case "pauseReading":
      // What had left the process by then must have been read, or it would count as lost on the way.
      world.rest()
      onPeer((peer) => peers.pause(peer, true))
      return true
    case "resumeReading":
      onPeer((peer) => peers.pause(peer, false))
      return true
    default:
      return false
  }
}

const onConnection = (simulation: Simulation, step: Step): void => {
  const { client, preludes, users, world } = simulation
  // Where `awaitOpen` still waits there is no connection to use yet.
  const { connection } = client
  if (connection === undefined) return
  switch (step.do) {
    case "send":
      for (let i = 0; i < step.count; i++) {
        // Between those with a key are some without, so that it can be seen in whose place they go.
        users.send(step.by, step.bytes, i % 2 === 0 ? step : { ...step, replaceKey: undefined })
      }
      return
    case "sendAll":
      return users.sendAll(step.count, step.bytes, step)
    case "interrupt": {
      const waiting = users.senders.filter(({ exit }) => exit === undefined)
      if (waiting.length > 0) world.fork(Fiber.interrupt(waiting[step.which % waiting.length]!.fiber))
      return
    }
    case "flush":
      return users.flush()
    case "read":
      return users.read(step.by, step.pace)
    case "stopReading": {
      const reading = users.readers.filter(({ exit }) => exit === undefined)
      if (reading.length > 0) world.fork(Fiber.interrupt(reading[step.which % reading.length]!.fiber))
      return
    }
    case "awaitOpen":
      return users.wait("awaitOpen", connection.awaitOpen)
    case "addPrelude":
      return preludes.add(step.prelude)
    case "removePrelude":
      return preludes.remove(step.which)
    case "reconnect":
      simulation.reconnects.push({ at: world.now, respectFloor: step.respectFloor })
      return users.wait("reconnect", connection.reconnect({ respectFloor: step.respectFloor }))
    case "endSession": {
      if (client.session === undefined) return
      return users.wait("end", Effect.flatMap(connection.awaitOpen, (session) => session.end({ code: step.code })))
    }
    case "close":
      simulation.closing ??= world.now
      return users.wait("close", connection.close({ code: step.code }))
    default:
      return
  }
}

const answer = (server: Answers, answer: Answer): Effect.Effect<void> => {
  switch (answer.as) {
    case "accept":
      return server.accept()
    case "reject":
      return server.reject(
        answer.status,
        answer.retryAfter === undefined ? {} : { headers: { "retry-after": String(answer.retryAfter) } }
      )
    case "refuse":
      return server.refuse(answer.code)
    case "stall":
      return server.stall
    case "invalid":
      return server.invalid(answer.check)
  }
}
