/**
 * `holdfast listen`: a small server to try clients with.
 */
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import * as Queue from "effect/Queue"
import * as Stdio from "effect/Stdio"
import * as Stream from "effect/Stream"
import type { WebSocket } from "ws"
import type { Message } from "../../Link.ts"
import * as source from "../connect/input.ts"
import { Printer } from "../connect/printer.ts"
import { type CliFailure, failure } from "../failure.ts"
import { Output } from "../output.ts"
import { send, serve } from "../webSocketServer.ts"
import type { ListenInput } from "./command.ts"

/** Messages that may wait for stdout before clients are paused. */
const most = 256

interface Received {
  readonly message: Message
  readonly from: WebSocket
}

/** Runs the command, until a signal, the end of a terminal's input, or of the first client. */
export const listen = (
  input: ListenInput
): Effect.Effect<void, CliFailure, FileSystem.FileSystem | Output | Stdio.Stdio> =>
  Effect.gen(function*() {
    if (input.binary && input.hex) {
      return yield* failure("usage", "--binary and --hex exclude each other: give one of them.")
    }
    const output = yield* Output
    const stdio = yield* Stdio.Stdio
    const isTerminal = yield* stdio.stdinIsTerminal
    const format = input.binary ? "binary" : input.hex ? "hex" : "text"
    const lines = yield* source.input({ execute: [], send: [], format })
    const clients = new Set<WebSocket>()
    const first = yield* Deferred.make<void>()
    const over = yield* Deferred.make<void>()
    const received = yield* Queue.unbounded<Received>()
    const runFork = Effect.runForkWith(yield* Effect.context<never>())
    let numbers = 0
    let waiting = 0

    const onConnection = (socket: WebSocket): void => {
      const number = ++numbers
      clients.add(socket)
      const told = { client: number }
      runFork(output.note("info", "connected", `#${number} connected.`, told))
      Deferred.doneUnsafe(first, Effect.void)
      socket.on("message", (data: Buffer, isBinary) => {
        const message = isBinary ? new Uint8Array(data) : data.toString("utf8")
        if (input.echo) socket.send(data, { binary: isBinary })
        Queue.offerUnsafe(received, { message, from: socket })
        // stdout may be slow; the client's own socket makes it wait then.
        if (++waiting >= most || socket.bufferedAmount > 1024 * 1024) socket.pause()
      })
      socket.on("close", (code: number, reason: Buffer) => {
        clients.delete(socket)
        const text = `#${number} disconnected (code: ${code}, reason: "${reason.toString()}").`
        runFork(output.note("info", "disconnected", text, { ...told, code, reason: reason.toString() }))
        if (input.once) Deferred.doneUnsafe(over, Effect.void)
      })
    }
    const { url } = yield* serve({
      listen: input.address,
      flag: "the address",
      accept: () => input.once && numbers > 0 ? 503 : undefined,
      onConnection
    })
    yield* output.note("info", "listening", `Listening on ${url}`, { url })

    const printer = new Printer(output.json ? "json" : format, output.terminal.stdout)
    const print = (batch: ReadonlyArray<Received>) =>
      Effect.gen(function*() {
        const at = DateTime.formatIso(DateTime.makeUnsafe(yield* Clock.currentTimeMillis))
        for (const piece of printer.pieces(batch.map(({ message }) => message), () => at)) yield* output.write(piece)
      })
    const printing = Effect.forever(Effect.gen(function*() {
      const batch = yield* Queue.takeAll(received)
      // What was taken is printed, also where the last client has gone meanwhile.
      yield* Effect.uninterruptible(print(batch))
      waiting -= batch.length
      for (const { from } of batch) {
        if (from.isPaused && from.bufferedAmount < 1024 * 1024) from.resume()
        // An echo that a client does not read: nobody else would look after it.
        else if (from.isPaused) yield* Effect.forkChild(resumeLater(from))
      }
    }))
    const sending = Effect.gen(function*() {
      yield* Deferred.await(first)
      yield* Stream.runForEach(lines, (messages) =>
        Effect.forEach(messages, (message) =>
          Effect.forEach([...clients], (client) =>
            send(client, message), { concurrency: "unbounded", discard: true }), {
          discard: true
        }))
      // Ctrl-D.
      if (!isTerminal) {
        return yield* Effect.never
      }
    })
    yield* Effect.raceAllFirst([printing, sending, Deferred.await(over)])
    // What came last is still to be printed.
    yield* print(yield* Queue.clear(received))
  }).pipe(Effect.scoped)

const resumeLater = (socket: WebSocket): Effect.Effect<void> =>
  Effect.suspend(() =>
    socket.bufferedAmount < 1024 * 1024
      ? Effect.sync(() => socket.resume())
      : Effect.andThen(Effect.sleep("10 millis"), resumeLater(socket))
  )
