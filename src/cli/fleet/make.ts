/**
 * The fleet itself: members by name, and how one list of plans is exchanged for
 * another.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as PubSub from "effect/PubSub"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import * as Stream from "effect/Stream"
import { type CliFailure, connectionFailure, failure, ofConnection } from "../failure.ts"
import { type Activity, type Applied, Fleet, type Plan, UnknownConnection } from "./Fleet.ts"
import { makeMember, type Member, type MemberOwner } from "./member.ts"

/** A fleet without connections; those that `apply` adds are closed with the scope. */
export const make: Effect.Effect<Fleet["Service"], never, Scope.Scope> = Effect.gen(function*() {
  const activity = yield* PubSub.sliding<Activity>(1024)
  const over = yield* Deferred.make<void, CliFailure>()
  const oneAtATime = yield* Semaphore.make(1)
  let members = new Map<string, Member>()

  const owner: MemberOwner = {
    onEvent: (connection, event) => {
      // The unsafe one refuses where the slowest is full, and nobody would be told.
      Effect.runSync(PubSub.publish(activity, { connection, event }))
      if (event._tag === "Closed") checkForTheEnd()
    }
  }
  const checkForTheEnd = () => {
    const all = [...members.values()]
    const first = all.find((member) => member.gaveUp() !== undefined)
    const error = first?.gaveUp()
    if (first === undefined || error === undefined || !all.every((member) => member.isOver())) return
    Deferred.doneUnsafe(
      over,
      Effect.fail(ofConnection(first.plan.name, connectionFailure(error, { dials: first.dials() })))
    )
  }

  const find = (name: string): Effect.Effect<Member, UnknownConnection> =>
    Effect.suspend(() => {
      const member = members.get(name)
      return member === undefined
        ? Effect.fail(new UnknownConnection({ name, known: [...members.keys()] }))
        : Effect.succeed(member)
    })

  const endAll = (list: ReadonlyArray<Member>) => Effect.forEach(list, ({ end }) => end, { concurrency: "unbounded" })

  /** The same connection anew; where it cannot begin, it is closed. */
  const restart = (member: Member): Effect.Effect<void, CliFailure> =>
    Effect.gen(function*() {
      yield* member.end
      const next = yield* makeMember(member.plan, owner)
      members.set(member.plan.name, next)
      // What cannot be attached is said; until then it may be asked for once more.
      yield* Effect.onError(next.begin, () => next.end)
    })

  const apply = (plans: ReadonlyArray<Plan>): Effect.Effect<Applied, CliFailure> =>
    Effect.gen(function*() {
      yield* refuseTwins(plans)
      const before = members
      const kept = new Set(
        plans.flatMap(({ fingerprint, name }) => before.get(name)?.plan.fingerprint === fingerprint ? [name] : [])
      )
      const fresh = plans.filter(({ name }) => !kept.has(name))
      const names = new Set(plans.map(({ name }) => name))
      const removed = [...before.keys()].filter((name) => !names.has(name))

      // Before anything is closed: what can never work is refused here, and none of these has dialled.
      const made: Array<Member> = []
      yield* Effect.forEach(fresh, (plan) => Effect.map(makeMember(plan, owner), (member) => made.push(member))).pipe(
        Effect.onError(() => endAll(made))
      )

      const leaving = [...before.values()].filter(({ plan }) => !kept.has(plan.name))
      yield* endAll(leaving)
      const byName = new Map(made.map((member) => [member.plan.name, member]))
      members = new Map(plans.flatMap(({ name }) => {
        const member = byName.get(name) ?? before.get(name)
        return member === undefined ? [] : [[name, member] as const]
      }))
      yield* Effect.forEach(made, ({ begin }) => begin, { discard: true }).pipe(
        Effect.onError(() => putBack(before, made, leaving))
      )
      checkForTheEnd()
      return {
        added: made.filter(({ plan }) => !before.has(plan.name)).map(({ plan }) => plan.name),
        changed: made.filter(({ plan }) => before.has(plan.name)).map(({ plan }) => plan.name),
        removed,
        unchanged: [...kept]
      }
    })

  /** What was there before, where something that is to be attached to the new ones cannot be. */
  const putBack = (
    before: ReadonlyMap<string, Member>,
    made: ReadonlyArray<Member>,
    left: ReadonlyArray<Member>
  ): Effect.Effect<void> =>
    Effect.gen(function*() {
      yield* endAll(made)
      members = new Map(before)
      yield* Effect.forEach(left, (member) => Effect.ignore(restart(member)), { discard: true })
    })

  yield* Effect.addFinalizer(() => Effect.suspend(() => endAll([...members.values()])))

  return Fleet.of({
    reports: Effect.suspend(() => Effect.forEach([...members.values()], ({ report }) => report)),
    report: (name) => Effect.flatMap(find(name), ({ report }) => report),
    activity: Stream.fromPubSub(activity),
    send: (name, message) => Effect.flatMap(find(name), ({ connection }) => connection.send(message)),
    reconnect: (name) =>
      oneAtATime.withPermit(Effect.uninterruptible(Effect.gen(function*() {
        const member = yield* find(name)
        const again = yield* member.connection.reconnect()
        if (!again) yield* restart(member)
      }))),
    close: (name) => Effect.flatMap(find(name), ({ connection }) => connection.close()),
    apply: (plans) => oneAtATime.withPermit(Effect.uninterruptible(apply(plans))),
    started: Effect.suspend(() =>
      Effect.forEach(
        [...members.values()],
        ({ opened, plan }) => Effect.mapError(Deferred.await(opened), (error) => ({ connection: plan.name, error })),
        { concurrency: "unbounded", discard: true }
      )
    ),
    ended: Deferred.await(over)
  })
})

const refuseTwins = (plans: ReadonlyArray<Plan>): Effect.Effect<void, CliFailure> => {
  const seen = new Set<string>()
  const twin = Option.fromNullishOr(plans.find(({ name }) => seen.has(name) || !seen.add(name)))
  return Option.match(twin, {
    onNone: () => Effect.void,
    onSome: ({ name }) =>
      Effect.fail(failure("config", `Two connections are called "${name}".`, "Give each its own name."))
  })
}
