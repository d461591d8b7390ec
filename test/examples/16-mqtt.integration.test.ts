// The client of examples/16-mqtt.ts against Aedes, and against Mosquitto where the machine has it.
import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { Reconnect } from "holdfast"
import { NodeConnection } from "holdfast/node"
import { duplexOf, makeMqtt } from "../../examples/16-mqtt.ts"
import { mqttBroker } from "../../examples/servers/mqtt.ts"
import { requires } from "../setup/requirements.ts"
import { runToEnd } from "../support/exampleProcess.ts"
import { mosquitto } from "../support/mosquitto.ts"
import { until } from "../support/realConnection.ts"
import * as TcpProxy from "../support/tcpProxy.ts"
import * as WsServer from "../support/wsServer.ts"

const brokers = [
  { name: "Aedes", available: true, port: Effect.map(mqttBroker, ({ url }) => Number(new URL(url).port)) },
  { name: "Mosquitto", available: requires("mosquitto").available, port: mosquitto }
]

const take = (count: number) => (mqtt: Effect.Success<ReturnType<typeof makeMqtt>>) =>
  mqtt.packets.pipe(Stream.take(count), Stream.map(({ payload }) => payload.toString()), Stream.runCollect)

for (const { available, name, port } of brokers) {
  describe.skipIf(!available)(`examples/16-mqtt.ts with ${name}`, () => {
    it.live("a subscription survives a cut, and what is published meanwhile arrives afterwards", () =>
      Effect.gen(function*() {
        const broker = yield* port
        const wire = yield* TcpProxy.make(broker)
        // Only the reader is cut off.
        const reader = yield* makeMqtt({ url: `ws://127.0.0.1:${wire.port}`, clientId: "reader", clean: false })
        const writer = yield* makeMqtt({ url: `ws://127.0.0.1:${broker}`, clientId: "writer" })
        yield* reader.subscribe("kelp")
        yield* writer.publish("kelp", "before")
        assert.deepStrictEqual(yield* take(1)(reader), ["before"])

        const first = reader.client.stream
        yield* wire.refuse
        yield* until(() => first.destroyed && !reader.client.connected)
        for (const payload of ["one", "two"]) yield* writer.publish("kelp", payload)
        yield* wire.mend
        const received = yield* reader.packets.pipe(
          Stream.map(({ payload }) => payload.toString()),
          Stream.takeUntil((payload) => payload === "two"),
          Stream.runCollect
        )
        // At least once: what the broker heard no acknowledgement of comes again.
        assert.deepStrictEqual([...new Set(received)].filter((payload) => payload !== "before"), ["one", "two"])
        assert.notStrictEqual(reader.client.stream, first)
      }))

    it.live("a clean client subscribes again, and what it publishes while it is cut off goes out afterwards", () =>
      Effect.gen(function*() {
        const broker = yield* port
        const wire = yield* TcpProxy.make(broker)
        const mqtt = yield* makeMqtt({ url: `ws://127.0.0.1:${wire.port}` })
        yield* mqtt.subscribe("kelp")
        yield* wire.refuse
        yield* until(() => !mqtt.client.connected)
        const published = yield* Effect.forkChild(mqtt.publish("kelp", "waited"), { startImmediately: true })
        yield* wire.mend
        // The broker may have it before it has the subscription again; the second it has afterwards.
        yield* until(() => published.pollUnsafe() !== undefined)
        yield* mqtt.subscribe("kelp")
        yield* mqtt.publish("kelp", "afterwards")
        yield* mqtt.packets.pipe(
          Stream.takeUntil(({ payload }) => payload.toString() === "afterwards"),
          Stream.runDrain
        )
      }))

    it.live("a packet of many chunks comes back as it was", () =>
      Effect.gen(function*() {
        const mqtt = yield* makeMqtt({ url: `ws://127.0.0.1:${yield* port}` })
        // Mosquitto 2.0.11 takes some 40 kB a second over WebSocket, from mqtt's own as from ours.
        const payload = "seaweed ".repeat(8 * 1024)
        yield* mqtt.subscribe("kelp")
        yield* mqtt.publish("kelp", payload)
        const [received] = yield* take(1)(mqtt)
        assert.isTrue(received === payload)
      }))
  })
}

describe("examples/16-mqtt.ts", () => {
  it.live("runs: nothing of quality 1 is lost in a cut", () =>
    Effect.gen(function*() {
      const { code, output } = yield* runToEnd("16-mqtt.ts")
      assert.strictEqual(code, 0, output)
      for (const line of ["prices/kelp: 100", "prices/kelp: 101", "prices/nori: 70"]) {
        assert.include(output, `${line}\n`)
      }
    }))

  it.live("a refusal for good closes the connection after one CONNECT, and whoever waits is told the code", () =>
    Effect.gen(function*() {
      const broker = yield* mqttBroker
      const mqtt = yield* makeMqtt({ url: broker.url, username: "kelp", password: Buffer.from("of-yesterday") })
      const refusals = yield* Effect.all([
        Effect.flip(mqtt.publish("kelp", "1")),
        Effect.flip(Stream.runDrain(mqtt.packets))
      ], { concurrency: "unbounded" })
      for (const refusal of refusals) {
        assert.strictEqual(refusal._tag, "MqttRefused")
        assert.strictEqual(refusal.message, "the broker refused the connection with code 4")
      }
      assert.strictEqual(yield* broker.connects, 1)
    }))

  it.live("a CONNACK that does not come ends the session, and the next one connects anew", () =>
    Effect.gen(function*() {
      const broker = yield* mqttBroker
      yield* broker.answer(false)
      const mqtt = yield* makeMqtt({ url: broker.url, connectTimeout: 200 })
      const first = yield* mqtt.connection.awaitOpen
      yield* first.ended
      yield* broker.answer(true)
      yield* mqtt.subscribe("kelp")
      assert.isAbove(yield* broker.connects, 1)
    }))

  it.live("a reader that is slow holds up the socket, and loses nothing", () =>
    Effect.gen(function*() {
      const broker = yield* mqttBroker
      const reader = yield* makeMqtt({ url: broker.url })
      const writer = yield* makeMqtt({ url: broker.url })
      yield* reader.subscribe("kelp")
      const padding = ".".repeat(64 * 1024)
      const sent = Array.from({ length: 200 }, (_, index) => `${index}${padding}`)
      yield* Effect.forkChild(
        Effect.forEach(sent, (payload) => writer.publish("kelp", payload), { concurrency: 50, discard: true })
      )
      yield* Effect.flatMap(reader.connection.status, (status) =>
        status._tag === "Open" && status.paused ? Effect.void : Effect.fail("not yet")).pipe(
          Effect.tapError(() =>
            Effect.sleep("5 millis")
          ),
          Effect.eventually
        )
      const received = yield* take(sent.length)(reader)
      assert.sameMembers([...received], sent)
    }))

  it.live("a peer that does not read holds up the writer of the Duplex, and no bytes are lost", () =>
    Effect.gen(function*() {
      let received = 0
      let resume = () => {}
      const server = yield* WsServer.make((socket) => {
        socket.pause()
        resume = () => socket.resume()
        socket.on("message", (data: Buffer) => {
          received += data.length
        })
      })
      const connection = yield* NodeConnection.make({ url: server.url, reconnect: { schedule: Reconnect.schedule() } })
      const { duplex } = yield* duplexOf(yield* connection.awaitOpen)
      const chunk = Buffer.alloc(1024 * 1024)
      let written = 0
      // What the kernel takes is not ours to say; at some time it takes no more.
      for (let stuck = false; !stuck;) {
        written += chunk.length
        if (!duplex.write(chunk)) {
          const drained = new Promise((done) => duplex.once("drain", () => done("drained")))
          stuck = (yield* Effect.timeoutOption(Effect.promise(() => drained), "300 millis"))._tag === "None"
        }
      }
      assert.isTrue(duplex.writableNeedDrain)
      resume()
      yield* until(() => received === written)
      yield* until(() => !duplex.writableNeedDrain)
    }))

  it.live("a frame of text ends the session with 1003, and the Duplex ends with its session", () =>
    Effect.gen(function*() {
      const codes: Array<number> = []
      const server = yield* WsServer.make((socket) => {
        socket.on("close", (code) => codes.push(code))
        socket.send("text")
      }, { handleProtocols: () => "mqtt" })
      const mqtt = yield* makeMqtt({ url: server.url })
      const session = yield* mqtt.connection.awaitOpen
      yield* session.ended
      yield* until(() => codes.length > 0)
      assert.strictEqual(codes[0], 1003)
      yield* until(() => mqtt.client.stream.destroyed)
    }))
})
