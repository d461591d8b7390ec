// What the connection hands to its links, in order, over all of them: greetings, preludes, heartbeats and users.
import type { Link } from "../src/Link.ts"
import { sentNumber, textOf } from "./peers.ts"
import type { World } from "./world.ts"

export interface Handed {
  readonly at: number
  /** Of which link; they count from 1. */
  readonly link: number
  /** Of a user's message. */
  readonly number: number | undefined
}

export class Wire {
  readonly frames: Array<Handed> = []
  /** The users' messages, by their numbers. */
  readonly users = new Map<number, Handed>()
  /** Called with every message of a user's, before anything else can run. */
  onUser: (handed: Handed) => void = () => {}
  private readonly world: World

  constructor(world: World) {
    this.world = world
  }

  tap(link: Link, index: number): void {
    const offer = link.offer.bind(link)
    // Everything that a link is given comes through here.
    Object.assign(link, {
      offer: (message: Parameters<Link["offer"]>[0]): boolean => {
        if (!offer(message)) return false
        const handed: Handed = { at: this.world.now, link: index, number: sentNumber(textOf(message)) }
        this.frames.push(handed)
        if (handed.number !== undefined) {
          this.users.set(handed.number, handed)
          this.onUser(handed)
        }
        return true
      }
    })
  }
}
