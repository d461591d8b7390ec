// Effect's own Socket, over `ws`, read by its pull: the cheapest of its ways.
import * as NodeWS from "@effect/platform-node/NodeWS"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import * as Socket from "effect/socket/Socket"
import type { Client, Contender, Message } from "../types.ts"

const clientOf = (writer: Socket.Writer, fiber: () => Fiber.Fiber<unknown, unknown>): Client => ({
  send: (message) => Effect.runPromise(writer.write(message)),
  sendAll: (count, at) =>
    Effect.runPromise(Effect.gen(function*() {
      for (let index = 0; index < count; index++) yield* writer.write(at(index))
    })),
  close: async () => {
    await Effect.runPromise(Fiber.interrupt(fiber()))
  }
})

type Use = (
  pull: Socket.Reader["pull"],
  writer: Socket.Writer
) => Effect.Effect<never, Socket.SocketError>

const open = (url: string, use: Use, schedule?: Schedule.Schedule<unknown>): Promise<Client> =>
  new Promise((resolve, reject) => {
    const session = Effect.fnUntraced(function*(socket: Socket.Socket) {
      const { pull } = yield* socket.reader
      const writer = yield* socket.writer
      resolve(clientOf(writer, () => fiber))
      return yield* use(pull, writer)
    })
    const program = Socket.makeWebSocket(url).pipe(
      Effect.flatMap((socket) => Effect.scoped(session(socket))),
      (effect) => schedule === undefined ? effect : Effect.retry(effect, schedule),
      Effect.provide(NodeWS.layerWebSocketConstructor)
    )
    const fiber = Effect.runFork(program)
    fiber.addObserver((exit) => {
      if (exit._tag === "Failure") reject(new Error("Effect's Socket ended", { cause: exit.cause }))
    })
  })

const readAll = (onMessage: (message: Message) => void): Use =>
  Effect.fnUntraced(function*(pull) {
    while (true) {
      const batch = yield* pull
      for (let i = 0; i < batch.length; i++) onMessage(batch[i]!)
    }
  })

export const effectSocket: Contender = {
  receive: (url, onMessage) => open(url, readAll(onMessage)),
  answer: (url, answer) =>
    open(
      url,
      Effect.fnUntraced(function*(pull, writer) {
        while (true) {
          for (const message of yield* pull) {
            const reply = answer(message)
            if (reply !== undefined) yield* writer.write(reply)
          }
        }
      })
    ),
  // Without pings in the interface, a message.
  beat: (url) =>
    open(url, (pull, writer) => {
      let isAlive = true
      const beat = Effect.gen(function*() {
        while (isAlive) {
          isAlive = false
          yield* writer.write("beat")
          yield* Effect.sleep(1000)
        }
        return yield* Effect.die(new Error("the peer is gone"))
      })
      const read = readAll(() => {
        isAlive = true
      })
      return Effect.raceFirst(Effect.delay(beat, 1000), read(pull, writer))
    }),
  recover: (url, onMessage) => open(url, readAll(onMessage), Schedule.spaced("50 millis"))
}
