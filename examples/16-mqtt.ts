// MQTT over WebSocket: the `mqtt` package speaks MQTT, Holdfast keeps the connection. Each session becomes one Duplex of
// Node; it is destroyed with its session, and the next session makes a new one.
// The rules: MQTT 3.1.1, chapter 6 (subprotocol "mqtt", binary frames, a packet may be split over frames).
//
//   npx node examples/16-mqtt.ts
import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect, Exit, Fiber, Queue, Schema, Stream } from "effect"
import { type Connection, type ConnectionError, Reconnect } from "holdfast"
import { NodeConnection } from "holdfast/node"
import { type IClientOptions, type IPublishPacket, MqttClient } from "mqtt"
import { Duplex } from "node:stream"
import { mqttBroker } from "./servers/mqtt.ts"

// ---- a session as a Duplex ----

type Done = (error?: Error | null) => void

export const duplexOf = (session: Connection.Session) =>
  Effect.gen(function*() {
    const run = Effect.runForkWith(yield* Effect.context<never>())
    let wantsMore = true
    let wake = () => {}

    // Above the watermark `send` suspends: then `write` says false, and whoever writes waits for "drain".
    const send = (bytes: Uint8Array, done: Done) =>
      run(session.send(bytes)).addObserver((exit) => {
        // Otherwise the session has ended, and with it this Duplex.
        if (Exit.isSuccess(exit)) done()
      })

    const duplex = yield* Effect.acquireRelease(
      Effect.sync(() =>
        new Duplex({
          read: () => {
            wantsMore = true
            wake()
          },
          write: (chunk: Uint8Array, _encoding, done) => send(chunk, done),
          // A packet is written in pieces: corked they become one frame.
          writev: (chunks, done) => send(Buffer.concat(chunks.map(({ chunk }) => chunk as Buffer)), done),
          final(done) {
            this.push(null)
            done()
          }
        })
      ),
      // Not before it is closed may the next session make the next one.
      (duplex) => duplex.closed ? Effect.void : Effect.andThen(Effect.sync(() => duplex.destroy()), closed(duplex))
    )

    // While nobody reads the Duplex we do not read the session, which then holds up the socket.
    const room = Effect.callback<void>((resume) => {
      if (wantsMore) return resume(Effect.void)
      wake = () => resume(Effect.void)
    })
    const deliver = Stream.runForEach(session.messages, (message) => {
      // MQTT-6.0.0-1
      if (typeof message === "string") return session.end({ code: 1003, reason: "MQTT is binary" })
      wantsMore = false
      if (duplex.push(message)) wantsMore = true
      return room
    })
    return { duplex, over: Effect.raceFirst(deliver, closed(duplex)) }
  })

const closed = (duplex: Duplex) =>
  Effect.callback<void>((resume) => {
    if (duplex.closed) return resume(Effect.void)
    const onClose = () => resume(Effect.void)
    duplex.once("close", onClose)
    return Effect.sync(() => duplex.off("close", onClose))
  })

// ---- the client ----

/** The broker does not want us, and will not the next time. */
export class MqttRefused extends Schema.TaggedError<MqttRefused>("app/MqttRefused")("MqttRefused", {
  code: Schema.Number
}) {
  override get message(): string {
    return `the broker refused the connection with code ${this.code}`
  }
}

// Protocol version, client id, credentials, permission: of 3.1.1 (§3.2.2.3) and of 5.0 (§3.2.2.2). The others pass.
const final = new Set([1, 2, 4, 5, 0x84, 0x85, 0x86, 0x87, 0x8a, 0x8c])

export interface Options
  extends Pick<IClientOptions, "clean" | "clientId" | "connectTimeout" | "password" | "username">
{
  readonly url: string
}

/** One client of the package, for the life of the scope. */
export const makeMqtt = ({ url, ...options }: Options) =>
  Effect.gen(function*() {
    const connection = yield* NodeConnection.make({
      url,
      subprotocols: ["mqtt"],
      // Short, so that this example ends soon. The default draws the first delay from 0 to 5 s, to spare the server.
      reconnect: { schedule: Reconnect.schedule({ first: "300 millis" }) }
    })
    const run = Effect.runForkWith(yield* Effect.context<never>())
    const inbox = yield* Queue.bounded<IPublishPacket, MqttRefused | ConnectionError.ConnectionError>(16)
    let stream: Duplex | undefined

    const client = new MqttClient(() => stream ?? new Duplex().destroy(), {
      ...options,
      protocolVersion: 4,
      // Each session of ours connects it; by itself it does not. But with 0 it would forget what it had subscribed to, so
      // it gets the longest time that a timer of Node can have, and each `connect` clears that timer.
      manualConnect: true,
      reconnectPeriod: 2 ** 31 - 1,
      // A promise to the broker, which looks for MQTT's own pings and cannot see those of WebSocket. A dead peer is found
      // earlier, by Holdfast's heartbeat: 25 s and 15 s against 1.5 times this.
      keepalive: 60
    })
    // An "error" that nobody listens for would be thrown. Those that mean something end the stream too.
    client.on("error", () => {})
    // The next packet is parsed when this one is taken: so a slow reader holds up the socket, and loses nothing.
    client.handleMessage = (packet, done) => {
      run(Queue.offer(inbox, packet)).addObserver(() => done())
    }

    const refused = Effect.callback<never, MqttRefused>((resume) => {
      const onError = (error: Error & { readonly code?: unknown }) => {
        if (typeof error.code === "number" && final.has(error.code)) {
          resume(Effect.fail(new MqttRefused({ code: error.code })))
        }
      }
      client.on("error", onError)
      return Effect.sync(() => client.off("error", onError))
    })

    const running = yield* Effect.forkScoped(connection.withSessions((session) =>
      Effect.gen(function*() {
        if (client.disconnecting) return
        const { duplex, over } = yield* duplexOf(session)
        stream = duplex
        const connect = Effect.sync(() => client.connect())
        yield* Effect.raceFirst(refused, Effect.andThen(connect, over))
        // mqtt gave it up: no CONNACK in time, a refusal that passes, no PINGRESP. Another session, at our pace.
        yield* session.end()
      })
    ))
    // Whoever reads is told why nothing more comes.
    running.addObserver((exit) => Exit.isFailure(exit) && Queue.failCauseUnsafe(inbox, exit.cause))

    // Before the connection closes, and before `running` is interrupted: a DISCONNECT, so that no will is published.
    yield* Effect.addFinalizer(() =>
      stream === undefined
        ? Effect.void
        : Effect.callback<void>((resume) => void client.end(!client.connected, () => resume(Effect.void))).pipe(
          Effect.interruptible,
          Effect.timeoutOption("2 seconds")
        )
    )

    /** Fails when the connection has given up, or the broker refuses us for good: mqtt itself would wait for ever. */
    const orGone = <A>(promise: () => Promise<A>) => Effect.raceFirst(Effect.tryPromise(promise), Fiber.join(running))
    return {
      client,
      connection,
      /** What the subscriptions bring. One reader. */
      packets: Stream.fromQueue(inbox),
      subscribe: (topic: string) => orGone(() => client.subscribeAsync(topic, { qos: 1 })),
      /** Done when the broker has it: at least once, after outages too, while this process lives. */
      publish: (topic: string, payload: string) => orGone(() => client.publishAsync(topic, payload, { qos: 1 }))
    }
  })

const main = Effect.gen(function*() {
  const broker = yield* mqttBroker
  // With `clean: false` the broker keeps for this client id what comes while it is away.
  const reader = yield* makeMqtt({ url: broker.url, clientId: "reader", clean: false })
  const writer = yield* makeMqtt({ url: broker.url, clientId: "writer" })
  yield* reader.subscribe("prices/#")

  yield* writer.publish("prices/kelp", "100")
  yield* broker.drop
  yield* Console.log("both connections are cut")
  // It waits in mqtt until there is a session again.
  yield* writer.publish("prices/kelp", "101")
  yield* writer.publish("prices/nori", "70")

  // At least once: what was on its way in the cut may come twice, and what the broker kept after what it did not.
  const missing = new Set(["100", "101", "70"])
  yield* reader.packets.pipe(
    Stream.takeUntil(({ payload }) => missing.delete(payload.toString()) && missing.size === 0),
    Stream.runForEach(({ payload, topic }) => Console.log(`${topic}: ${payload.toString()}`))
  )
})

if (import.meta.main) NodeRuntime.runMain(Effect.scoped(main))
