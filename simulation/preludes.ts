// Who speaks first in every session: what they do, and whether they were let.
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import type { PreludeSession } from "../src/Connection.ts"
import { ConnectionError, GreetingFailed } from "../src/ConnectionError.ts"
import type { Client } from "./client.ts"
import { answerTo, textOf } from "./peers.ts"
import * as program from "./program.ts"
import type { World } from "./world.ts"

/** One that was added. */
export interface Added {
  readonly name: string
  readonly kind: program.Prelude
  /** How many links there were, and which session was open, when it was added. */
  readonly links: number
  readonly session: number
  readonly scope: Scope.Closeable
  removed: boolean
  runs: number
  /** The link in whose session it runs. */
  running: number | undefined
  /** Where it waits to be allowed to send. */
  sending: boolean
  /** The links in whose sessions it came to its end. */
  readonly done: Set<number>
}

export class Preludes {
  readonly all: Array<Added> = []
  /** Of one that began though it must not: why. */
  readonly wrong: Array<string> = []
  /** When the last of them ended, in whatever way. */
  endedAt = 0
  private readonly world: World
  private readonly client: Client

  constructor(world: World, client: Client) {
    this.world = world
    this.client = client
  }

  add(kind: program.Prelude): void {
    const { client } = this
    const added: Added = {
      name: String(this.all.length + 1),
      kind,
      links: client.links.length,
      session: client.session ?? 0,
      scope: Scope.makeUnsafe(),
      removed: false,
      runs: 0,
      running: undefined,
      sending: false,
      done: new Set()
    }
    this.all.push(added)
    this.world.fork(Scope.provide(client.connection!.prelude((session) => this.run(added, session)), added.scope))
  }

  remove(which: number): void {
    const there = this.all.filter(({ removed }) => !removed)
    if (there.length === 0) return
    const added = there[which % there.length]!
    added.removed = true
    this.world.fork(Scope.close(added.scope, Exit.void))
  }

  /** Of those that must be over before users are served on that link, one that is not. */
  isOwed(link: number): Added | undefined {
    return this.all.find(({ done, links, removed, running }) =>
      running === link || (links < link && !removed && !done.has(link))
    )
  }

  private run(added: Added, session: PreludeSession): Effect.Effect<void, ConnectionError> {
    return Effect.suspend(() => {
      const link = this.client.links.length
      if (added.removed) this.wrong.push(`prelude ${added.name} began after its scope was closed`)
      if (session.id <= added.session) this.wrong.push(`prelude ${added.name} began in a session older than itself`)
      if (added.done.has(link)) this.wrong.push(`prelude ${added.name} ran twice on link ${link}`)
      const other = this.all.find(({ running }) => running !== undefined)
      if (other !== undefined) this.wrong.push(`prelude ${added.name} began while ${other.name} ran`)
      added.running = link
      added.runs++
      return Effect.onExit(this.doing(added, session, link), (exit) =>
        Effect.sync(() => {
          added.running = undefined
          added.sending = false
          this.endedAt = this.world.now
          if (Exit.isSuccess(exit)) added.done.add(link)
        }))
    })
  }

  private doing(added: Added, session: PreludeSession, link: number): Effect.Effect<void, ConnectionError> {
    const say = (text: string) =>
      Effect.suspend(() => {
        added.sending = true
        return Effect.ensuring(session.send(text), Effect.sync(() => added.sending = false))
      })
    const speak = Effect.forEach(
      [1, 2, 3],
      (n) => say(`~${added.name}:${link}:${n}`.padEnd(n === 2 ? 250 : 8, ".")),
      { discard: true }
    )
    switch (added.kind) {
      case "speaks":
        return speak
      case "asks":
        return Effect.timeoutOrElse(this.asking(`?${added.name}:${link}`, say), {
          duration: program.answerTimeout,
          orElse: () => failing("nobody answered")
        })
      case "waits":
        return this.asking(`?${added.name}:${link}`, say)
      case "fails":
        return added.runs % 3 === 1 ? Effect.andThen(say(`~${added.name}:${link}`), failing("not today")) : speak
      case "is interrupted":
        return added.runs % 3 === 1 ? Effect.andThen(say(`~${added.name}:${link}`), Effect.interrupt) : speak
    }
  }

  private asking(
    question: string,
    say: (text: string) => Effect.Effect<void, ConnectionError>
  ): Effect.Effect<void, ConnectionError> {
    const answered = Deferred.makeUnsafe<void>()
    const hear = this.client.connection!.listen((message) => {
      if (textOf(message) === answerTo(question)) Deferred.doneUnsafe(answered, Effect.void)
    })
    return Effect.scoped(Effect.andThen(hear, Effect.andThen(say(question), Deferred.await(answered))))
  }
}

const failing = (cause: string): Effect.Effect<never, ConnectionError> =>
  Effect.fail(new ConnectionError({ reason: new GreetingFailed({ cause }) }))
