/**
 * A connection's options: their types, defaults and checks.
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as CloseCode from "../CloseCode.ts"
import { ConnectionError, type InvalidRequest } from "../ConnectionError.ts"
import { positiveDuration } from "./duration.ts"
import type { InboundOptions } from "./inbox.ts"
import { invalid, oneOf, wholeNumber } from "./optionValues.ts"
import type { OutboundOptions } from "./outbox.ts"
import type { RateLimit } from "./rateWindow.ts"
import type { WhileDisconnected } from "./sendQueue.ts"

/** What a connection can be told; every field has a default. */
export interface ConnectionOptions {
  /** For logs, metrics and people. Default: the tag's key, else the endpoint. */
  readonly name?: string | undefined
  readonly inbound?: {
    /** Bytes that may wait for the slowest subscriber. Default 256 KiB. */
    readonly highWaterMark?: number | undefined
    /** What happens above the mark while somebody subscribes. Default `"backpressure"`. */
    readonly overflow?: InboundOptions["overflow"] | undefined
    /** What happens to messages while nobody subscribes. Default `"keepLatest"`. */
    readonly unread?: InboundOptions["unread"] | undefined
    /** How long the socket may be paused before the session ends with `InboundOverflow`. Default 5 minutes. */
    readonly maxPause?: Duration.Input | undefined
  } | undefined
  readonly outbound?: {
    /** Bytes that the transport may hold before a send suspends. Default 256 KiB. */
    readonly highWaterMark?: number | undefined
    /** What a send does while no session is open. Default `"suspend"`. */
    readonly whileDisconnected?:
      | "suspend"
      | "fail"
      | "drop"
      | {
        /** Bounds of the buffer; 1 000 messages where neither is given. */
        readonly buffer: { readonly messages?: number | undefined; readonly bytes?: number | undefined }
        /** What happens at the bound. Default `"suspend"`. */
        readonly overflow?: "suspend" | "fail" | "dropOldest" | "dropNewest" | undefined
      }
      | undefined
    /** How many frames may go out; default as many as will. */
    readonly rateLimit?: {
      /** No window of that length ever holds more frames, across sessions; at least 1. Pings and pongs do not count. */
      readonly limit: number
      /** Above zero. */
      readonly window: Duration.Input
    } | undefined
  } | undefined
  /** When the first dial begins, and whether the layer waits for the first session. Default `"eager"`. */
  readonly start?: "eager" | "lazy" | "awaitOpen" | undefined
  /** One bound for flushing, the Close frame and the peer's answer. Default 5 seconds. */
  readonly closeTimeout?: Duration.Input | undefined
  /** The code that is sent when the scope closes. Default 1000. */
  readonly closeCode?: number | undefined
}

/** The same, checked and complete. */
export interface CheckedOptions {
  readonly name: string | undefined
  readonly inbound: InboundOptions & { readonly maxPause: Duration.Duration }
  readonly outbound: OutboundOptions
  readonly start: "eager" | "lazy" | "awaitOpen"
  readonly closeTimeout: Duration.Duration
  readonly closeCode: number
}

const defaultMark = 256 * 1024

/** Fails with `InvalidRequest` and a sentence that names the option. */
export const check = (options: ConnectionOptions | undefined): Effect.Effect<CheckedOptions, ConnectionError> =>
  Effect.fromResult(Result.mapError(
    Result.gen(function*() {
      const given = yield* object("options", options ?? {})
      const name = given.name
      if (name !== undefined && (typeof name !== "string" || name === "")) {
        return yield* invalid("name", "use a text that is not empty")
      }
      const closeCode = given.closeCode ?? 1000
      if (!CloseCode.isSendable(closeCode)) {
        return yield* invalid(
          "closeCode",
          `${String(closeCode)} may not be sent by a client; use 1000, 1001 or 3000 to 4999`
        )
      }
      return {
        name,
        // One for all connections that are not told otherwise.
        inbound: yield* given.inbound === undefined ? inboundDefaults : inboundOptions(given.inbound),
        outbound: yield* given.outbound === undefined ? outboundDefaults : outboundOptions(given.outbound),
        start: yield* oneOf("start", given.start ?? "eager", ["eager", "lazy", "awaitOpen"]),
        closeTimeout: yield* positiveDuration("closeTimeout", given.closeTimeout ?? "5 seconds"),
        closeCode
      }
    }),
    (reason) => new ConnectionError({ reason })
  ))

const inboundOptions = (
  options: NonNullable<ConnectionOptions["inbound"]>
): Result.Result<CheckedOptions["inbound"], InvalidRequest> =>
  Result.gen(function*() {
    const given = yield* object("inbound", options)
    return {
      highWaterMark: yield* wholeNumber("inbound.highWaterMark", given.highWaterMark ?? defaultMark, "bytes"),
      overflow: yield* oneOf(
        "inbound.overflow",
        given.overflow ?? "backpressure",
        ["backpressure", "dropOldest", "dropNewest", "fail"]
      ),
      unread: yield* oneOf("inbound.unread", given.unread ?? "keepLatest", ["keepLatest", "discard", "pause"]),
      maxPause: yield* positiveDuration("inbound.maxPause", given.maxPause ?? "5 minutes")
    }
  })

const outboundOptions = (
  options: NonNullable<ConnectionOptions["outbound"]>
): Result.Result<CheckedOptions["outbound"], InvalidRequest> =>
  Result.gen(function*() {
    const given = yield* object("outbound", options)
    return {
      highWaterMark: yield* wholeNumber("outbound.highWaterMark", given.highWaterMark ?? defaultMark, "bytes"),
      whileDisconnected: yield* whileDisconnected(given.whileDisconnected ?? "suspend"),
      rateLimit: given.rateLimit === undefined ? undefined : yield* rateLimit(given.rateLimit)
    }
  })

const rateLimit = (
  options: NonNullable<NonNullable<ConnectionOptions["outbound"]>["rateLimit"]>
): Result.Result<RateLimit, InvalidRequest> =>
  Result.gen(function*() {
    const given = yield* object("outbound.rateLimit", options)
    return {
      limit: yield* wholeNumber("outbound.rateLimit.limit", given.limit, "frames"),
      window: yield* positiveDuration("outbound.rateLimit.window", given.window)
    }
  })

const object = <A extends object>(option: string, value: A): Result.Result<A, InvalidRequest> =>
  typeof value === "object" && value !== null
    ? Result.succeed(value)
    : invalid(option, "use an object with the options of this group")

const whileDisconnected = (
  value: NonNullable<NonNullable<ConnectionOptions["outbound"]>["whileDisconnected"]>
): Result.Result<WhileDisconnected, InvalidRequest> =>
  Result.gen(function*() {
    const option = "outbound.whileDisconnected"
    if (typeof value === "string") {
      return { mode: yield* oneOf(option, value, ["suspend", "fail", "drop"]) }
    }
    const given = yield* object(option, value)
    const buffer = yield* object(`${option}.buffer`, given.buffer)
    const unbounded = Number.MAX_SAFE_INTEGER
    const messages = buffer.messages ?? (buffer.bytes === undefined ? 1000 : unbounded)
    return {
      mode: "buffer" as const,
      messages: yield* wholeNumber(`${option}.buffer.messages`, messages, "messages"),
      bytes: yield* wholeNumber(`${option}.buffer.bytes`, buffer.bytes ?? unbounded, "bytes"),
      overflow: yield* oneOf(
        `${option}.overflow`,
        given.overflow ?? "suspend",
        ["suspend", "fail", "dropOldest", "dropNewest"]
      )
    }
  })

const inboundDefaults = inboundOptions({})
const outboundDefaults = outboundOptions({})
