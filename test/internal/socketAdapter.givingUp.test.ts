import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Fiber, Layer, Schedule, Schema } from "effect"
import { Rpc, RpcClient, RpcClientError, RpcGroup, RpcSerialization } from "effect/rpc"
import { Socket } from "effect/socket"
import { TestClock } from "effect/testing"
import * as Reconnect from "../../src/Reconnect.ts"
import { beside, connect } from "../support/connect.ts"

const Group = RpcGroup.make(Rpc.make("price", { success: Schema.Number }))

describe("an RpcClient over a connection that gives up", () => {
  it.effect("fails the call that waits for a session, and the next one, with an RpcClientError and no defect", () =>
    Effect.gen(function*() {
      const { connection } = yield* connect({
        server: (server) => server.refuse("ECONNREFUSED"),
        reconnect: Reconnect.layer({ schedule: Schedule.recurs(1) })
      })
      const protocol = yield* RpcClient.makeProtocolSocket({
        retryPolicy: Schedule.spaced("10 millis").pipe(
          Schedule.setInputType<Socket.SocketError>(),
          Schedule.while(({ input }) => input.reason._tag !== "SocketOpenError")
        )
      }).pipe(Effect.provide(Layer.merge(
        Layer.succeed(Socket.Socket, connection.socket),
        RpcSerialization.layerNdjson
      )))
      const client = yield* RpcClient.make(Group).pipe(Effect.provideService(RpcClient.Protocol, protocol))
      const waiting = yield* beside(Effect.exit(client.price()))
      yield* TestClock.adjust("1 minute")
      for (const exit of [yield* Fiber.join(waiting), yield* Effect.exit(client.price())]) {
        assert.isTrue(Exit.isFailure(exit))
        const error = Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined
        assert.instanceOf(error, RpcClientError.RpcClientError)
        assert.strictEqual(error.reason._tag, "SocketOpenError")
      }
    }))
})
