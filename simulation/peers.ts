// The server's side: every peer that was accepted, what it was told to do, and what it saw.
import * as Effect from "effect/Effect"
import type { Message } from "../src/Link.ts"
import type { TestPeer, TestServer } from "../src/testing/TestServer.ts"
import type { OnAccept } from "./program.ts"
import type { World } from "./world.ts"

const decoder = new TextDecoder()
const encoder = new TextEncoder()

export const textOf = (message: Message): string => typeof message === "string" ? message : decoder.decode(message)

/** A text of that many bytes; every third is sent as bytes. */
export const messageOf = (name: string, bytes: number, number: number): Message => {
  const text = name.padEnd(bytes, ".")
  return number % 3 === 0 ? encoder.encode(text) : text
}

/** The number in `#12....`; undefined for what is none of ours. */
export const sentNumber = (text: string): number | undefined => {
  const match = /^#(\d+)\.*$/.exec(text)
  return match === null ? undefined : Number(match[1])
}

/** What a prelude asks begins like this. */
const isQuestion = (text: string): boolean => text.startsWith("?")

/** What a peer answers. */
export const answerTo = (question: string): string => `!${question}`

export class Peer {
  readonly index: number
  readonly test: TestPeer
  readonly acceptedAt: number
  /** Everything, in words. */
  readonly seen: Array<string> = []
  /** The numbers of the users' messages. */
  readonly received: Array<number> = []
  /** The Close frame, or 1006 for an end without one. */
  closedWith: number | undefined = undefined
  /** How many messages it sent while it could. */
  sent = 0
  /** What was done to it. */
  closedAt: number | undefined = undefined
  droppedAt: number | undefined = undefined
  /** Since when nothing reaches the client. */
  deafSince: number | undefined = undefined
  readonly faults = { inbound: false, outbound: false, latency: false, paused: false, early: false }
  /** The longest one, in milliseconds. */
  slowest = 0
  isPaused = false

  constructor(index: number, test: TestPeer, acceptedAt: number) {
    this.index = index
    this.test = test
    this.acceptedAt = acceptedAt
  }

  get isGone(): boolean {
    return this.closedAt !== undefined || this.droppedAt !== undefined || this.closedWith !== undefined
  }

  saw(text: string): void {
    this.seen.push(text)
    const number = sentNumber(text)
    if (number !== undefined) this.received.push(number)
  }
}

export class Peers {
  readonly all: Array<Peer> = []
  behaviour: OnAccept
  private readonly world: World
  private readonly greets: boolean

  constructor(world: World, greets: boolean, behaviour: OnAccept) {
    this.world = world
    this.greets = greets
    this.behaviour = behaviour
  }

  get latest(): Peer | undefined {
    return this.all.at(-1)
  }

  /** Takes every peer that is accepted, for the life of the fiber. */
  accepting(server: TestServer): Effect.Effect<never> {
    return Effect.forever(Effect.flatMap(server.peer, (test) => {
      const peer = new Peer(this.all.length + 1, test, this.world.now)
      this.all.push(peer)
      return Effect.andThen(
        Effect.forkChild(this.listening(peer), { startImmediately: true }),
        Effect.forkChild(
          Effect.andThen(
            Effect.tap(test.closed, ({ code }) => Effect.sync(() => peer.closedWith = code)),
            Effect.void
          ),
          { startImmediately: true }
        )
      ).pipe(
        Effect.andThen(this.greets ? test.send("welcome") : Effect.void),
        Effect.andThen(this.behaving(peer, this.behaviour))
      )
    }))
  }

  private listening(peer: Peer): Effect.Effect<never> {
    return Effect.forever(Effect.flatMap(peer.test.receive, (message) => {
      const text = textOf(message)
      peer.saw(text)
      if (text === "beat") return peer.test.send("ack")
      return isQuestion(text) ? peer.test.send(answerTo(text)) : Effect.void
    }))
  }

  private behaving(peer: Peer, behaviour: OnAccept): Effect.Effect<unknown> {
    const after = (ms: number, effect: Effect.Effect<void>) =>
      Effect.forkChild(Effect.andThen(Effect.sleep(ms), effect), { startImmediately: true })
    switch (behaviour.does) {
      case "nothing":
        return Effect.void
      case "close":
        return after(behaviour.after, this.close(peer, behaviour.code))
      case "drop":
        return after(behaviour.after, this.drop(peer))
      case "blackhole":
        return this.blackhole(peer, true, true)
      case "talk":
        return this.send(peer, behaviour.count, 12)
      case "latency":
        return this.latency(peer, behaviour.ms)
      case "deafen":
        // What is on its way by now may be lost there.
        peer.faults.early = true
        return Effect.andThen(this.pause(peer, true), after(behaviour.ms, this.pause(peer, false)))
    }
  }

  send(peer: Peer, count: number, bytes: number): Effect.Effect<void> {
    return Effect.suspend(() => {
      const effects: Array<Effect.Effect<void>> = []
      for (let i = 0; i < count && !peer.isGone; i++) {
        peer.sent++
        effects.push(peer.test.send(messageOf(`@${peer.index}:${peer.sent}`, bytes, peer.sent)))
      }
      return Effect.all(effects, { discard: true })
    })
  }

  close(peer: Peer, code: number): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (peer.isGone) return Effect.void
      peer.closedAt = this.world.now
      return peer.test.close(code)
    })
  }

  drop(peer: Peer): Effect.Effect<void> {
    return Effect.suspend(() => {
      peer.droppedAt ??= this.world.now
      return peer.test.drop
    })
  }

  blackhole(peer: Peer, inbound: boolean, outbound: boolean): Effect.Effect<void> {
    return Effect.suspend(() => {
      peer.faults.inbound ||= inbound
      peer.faults.outbound ||= outbound
      peer.deafSince = inbound ? peer.deafSince ?? this.world.now : undefined
      return peer.test.blackhole({ inbound, outbound })
    })
  }

  latency(peer: Peer, ms: number): Effect.Effect<void> {
    return Effect.suspend(() => {
      peer.faults.latency ||= ms > 0
      peer.slowest = Math.max(peer.slowest, ms)
      return peer.test.latency(ms)
    })
  }

  pause(peer: Peer, isPaused: boolean): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (isPaused && peer.closedWith === undefined) peer.faults.paused = true
      peer.isPaused = isPaused
      return isPaused ? peer.test.pauseReading : peer.test.resumeReading
    })
  }
}
