// An MQTT broker over WebSocket: Aedes, as its documentation puts it behind `ws`. As MQTT 3.1.1 §6 demands, it is
// spoken to under the subprotocol "mqtt", in binary frames.
import { Aedes } from "aedes"
import { Effect } from "effect"
import type { IncomingMessage } from "node:http"
import { createWebSocketStream } from "ws"
import { listen } from "./listen.ts"

const badPassword = 4

export const mqttBroker = Effect.gen(function*() {
  let answersConnect = true
  let connects = 0
  const broker = yield* Effect.acquireRelease(
    Effect.promise(() => Aedes.createBroker()),
    (broker) =>
      Effect.callback<void>((resume) => {
        broker.close(() => resume(Effect.void))
      })
  )
  broker.preConnect = (_client, _packet, done) => {
    connects++
    if (answersConnect) done(null, true)
  }
  broker.authenticate = (_client, username, password, done) => {
    if (username === undefined || password?.toString() === "of-today") return done(null, true)
    const error = Object.assign(new Error("bad user name or password"), { returnCode: badPassword })
    done(error, false)
  }
  const server = yield* listen({
    verifyClient: ({ req }: { readonly req: IncomingMessage }) =>
      req.headers["sec-websocket-protocol"]?.split(/, */).includes("mqtt") === true,
    onConnection: (socket) => {
      const stream = createWebSocketStream(socket)
      // A connection that was cut is no news.
      stream.on("error", () => {})
      broker.handle(stream)
    }
  })
  return {
    ...server,
    /** Whether CONNECT is answered from now on. */
    answer: (yes: boolean) =>
      Effect.sync(() => {
        answersConnect = yes
      }),
    /** How many CONNECTs have come in. */
    connects: Effect.sync(() => connects)
  }
})
