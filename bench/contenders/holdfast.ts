// Holdfast, as published: with its defaults, by its Stream or by `listen`.
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Connection, ConnectionError } from "holdfast"
import { NodeConnection } from "holdfast/node"
import type { Client, Contender, Message } from "../types.ts"

type Service = Connection.ConnectionService

const clientOf = (connection: Service, scope: Scope.Closeable): Client => ({
  send: (message) => Effect.runPromise(connection.send(message)),
  sendAll: (count, at) =>
    Effect.runPromise(Effect.gen(function*() {
      for (let index = 0; index < count; index++) yield* connection.send(at(index))
    })),
  close: () => Effect.runPromise(Scope.close(scope, Exit.void))
})

/** Not `awaitOpen`: it hands out a session, which keeps what comes for a reader of its own. */
export const untilOpen = (connection: Service): Effect.Effect<unknown> =>
  Effect.repeat(connection.status, {
    until: (status) => status._tag === "Open",
    schedule: Schedule.spaced("2 millis")
  })

/** Opens a connection whose reader is there before its first session. */
const open = (
  options: NodeConnection.Options,
  read: (connection: Service) => Effect.Effect<unknown, ConnectionError.ConnectionError, Scope.Scope>
): Promise<Client> => {
  const scope = Scope.makeUnsafe()
  return Effect.runPromise(
    Effect.gen(function*() {
      const connection = yield* NodeConnection.make(options)
      yield* read(connection)
      yield* untilOpen(connection)
      return clientOf(connection, scope)
    }).pipe(Scope.provide(scope))
  )
}

const none = () => Effect.void

const everySecond: NodeConnection.Options["heartbeat"] = { interval: "1 second", timeout: "1 second" }

const every50Millis: NodeConnection.Options["reconnect"] = { schedule: Schedule.spaced("50 millis") }

const contender = (
  receive: (
    onMessage: (message: Message) => void
  ) => (connection: Service) => Effect.Effect<unknown, ConnectionError.ConnectionError, Scope.Scope>,
  answer: (
    answer: (message: Message) => Message | undefined
  ) => (connection: Service) => Effect.Effect<unknown, ConnectionError.ConnectionError, Scope.Scope>
): Contender => ({
  receive: (url, onMessage) => open({ url }, receive(onMessage)),
  answer: (url, reply) => open({ url }, answer(reply)),
  beat: (url) => open({ url, heartbeat: everySecond }, none),
  recover: (url, onMessage) => open({ url, reconnect: every50Millis }, receive(onMessage))
})

/** Read through the Stream of batches. */
export const messages = contender(
  (onMessage) => (connection) =>
    Stream.runForEachArray(connection.messages, (batch) =>
      Effect.sync(() => {
        for (let i = 0; i < batch.length; i++) onMessage(batch[i]!)
      })).pipe(Effect.forkScoped({ startImmediately: true })),
  (answer) => (connection) =>
    Stream.runForEach(connection.messages, (message) => {
      const reply = answer(message)
      return reply === undefined ? Effect.void : connection.send(reply)
    }).pipe(Effect.forkScoped({ startImmediately: true }))
)

/** Read inside the socket's callback. */
export const listen = contender(
  (onMessage) => (connection) => connection.listen(onMessage),
  (answer) => (connection) =>
    connection.listen((message) => {
      const reply = answer(message)
      if (reply !== undefined) Effect.runFork(connection.send(reply))
    })
)
