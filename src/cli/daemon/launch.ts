/**
 * What `start` tells the supervisor, and the supervisor the worker: one argument
 * of JSON, checked.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { type CliFailure, failure } from "../failure.ts"

/** What is to be started. */
export const Order = Schema.Struct({
  name: Schema.String,
  /** The folder of the control socket. */
  folder: Schema.String,
  /** The log file. */
  log: Schema.String,
  /** The config's absolute path. */
  config: Schema.String,
  /** `--http`. */
  http: Schema.optional(Schema.String),
  /** `--connection`. */
  connections: Schema.optional(Schema.Array(Schema.String))
})

/** What is to be started. */
export type Order = typeof Order.Type

const OrderJson = Schema.fromJsonString(Order)

/** As an argument. */
export const argumentOf = (order: Order): string => JSON.stringify(order)

/** From an argument. */
export const readOrder = (argument: string): Effect.Effect<Order, CliFailure> =>
  Effect.mapError(
    Schema.decodeUnknownEffect(OrderJson)(argument),
    () => failure("usage", "This is not for people; holdfast start calls it.")
  )

/** What a supervisor says to `start`, before it answers at the control socket. */
export const Claimed = Schema.fromJsonString(Schema.Union([
  Schema.Struct({ claimed: Schema.Number }),
  Schema.Struct({
    exit: Schema.String,
    message: Schema.String,
    advice: Schema.optional(Schema.String)
  })
]))
