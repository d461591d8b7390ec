/**
 * The reasons that come with a Close frame: one class a code of the table in
 * RFC 6455 §7.4.1 and the IANA registry, and the function from a frame to its
 * reason.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as CloseCode from "../CloseCode.ts"

/** Who sent the Close frame first. */
export const Initiator = Schema.Literals(["peer", "self"])

/** Who sent the Close frame first. */
export type Initiator = typeof Initiator.Type

const fields = {
  /** The close code; 1005 stands for a frame without one. */
  code: Schema.Number,
  /** The reason in the frame, perhaps empty. */
  closeReason: Schema.String.pipe(Schema.withConstructorDefault(Effect.succeed(""))),
  initiator: Initiator.pipe(Schema.withConstructorDefault(Effect.succeed("peer" as const)))
}

/** Where a class stands for one code, that need not be said. */
const fieldsOf = (code: number) => ({
  ...fields,
  code: Schema.Number.pipe(Schema.withConstructorDefault(Effect.succeed(code)))
})

interface Frame {
  readonly code: number
  readonly closeReason: string
  readonly initiator: Initiator
}

const describe = (frame: Frame): string =>
  (frame.initiator === "peer" ? "the peer closed the connection" : "we closed the connection") +
  ` with ${CloseCode.format(frame.code)}: ${CloseCode.get(frame.code).meaning}` +
  (frame.closeReason === "" ? "" : `; it said ${JSON.stringify(frame.closeReason)}`)

/** 1000: the purpose was fulfilled, or a proxy or server used it for a time-out. */
export class NormalClosure
  extends Schema.TaggedError<NormalClosure>("holdfast/NormalClosure")("NormalClosure", fieldsOf(1000))
{
  override get message(): string {
    return describe(this)
  }
}

/** 1001: the endpoint is going away. */
export class GoingAway extends Schema.TaggedError<GoingAway>("holdfast/GoingAway")("GoingAway", fieldsOf(1001)) {
  override get message(): string {
    return describe(this)
  }
}

/** 1002: somebody broke the protocol. With `initiator: "self"` it was the peer. */
export class ProtocolViolation extends Schema.TaggedError<ProtocolViolation>("holdfast/ProtocolViolation")(
  "ProtocolViolation",
  fieldsOf(1002)
) {
  override get message(): string {
    return describe(this)
  }
}

/** 1003: a type of data that the endpoint does not accept. */
export class UnsupportedData extends Schema.TaggedError<UnsupportedData>("holdfast/UnsupportedData")(
  "UnsupportedData",
  fieldsOf(1003)
) {
  override get message(): string {
    return describe(this)
  }
}

/** 1005: a Close frame without a code. */
export class NoStatus extends Schema.TaggedError<NoStatus>("holdfast/NoStatus")("NoStatus", fieldsOf(1005)) {
  override get message(): string {
    return describe(this)
  }
}

/** 1007: a message that is not what its type says. */
export class InvalidPayload extends Schema.TaggedError<InvalidPayload>("holdfast/InvalidPayload")(
  "InvalidPayload",
  fieldsOf(1007)
) {
  override get message(): string {
    return describe(this)
  }
}

/** 1008: a message against the endpoint's policy. */
export class PolicyViolation extends Schema.TaggedError<PolicyViolation>("holdfast/PolicyViolation")(
  "PolicyViolation",
  fieldsOf(1008)
) {
  override get message(): string {
    return describe(this)
  }
}

/** 1009: a message larger than the endpoint accepts. */
export class MessageTooBig extends Schema.TaggedError<MessageTooBig>("holdfast/MessageTooBig")(
  "MessageTooBig",
  fieldsOf(1009)
) {
  override get message(): string {
    return describe(this)
  }
}

/** 1010: an extension that was needed was not negotiated. */
export class MandatoryExtension extends Schema.TaggedError<MandatoryExtension>("holdfast/MandatoryExtension")(
  "MandatoryExtension",
  fieldsOf(1010)
) {
  override get message(): string {
    return describe(this)
  }
}

/** 1011: the endpoint met an unexpected condition. */
export class InternalError extends Schema.TaggedError<InternalError>("holdfast/InternalError")(
  "InternalError",
  fieldsOf(1011)
) {
  override get message(): string {
    return describe(this)
  }
}

/** 1012: the service restarts. */
export class ServiceRestart extends Schema.TaggedError<ServiceRestart>("holdfast/ServiceRestart")(
  "ServiceRestart",
  fieldsOf(1012)
) {
  override get message(): string {
    return describe(this)
  }
}

/** 1013: the service is overloaded. */
export class TryAgainLater extends Schema.TaggedError<TryAgainLater>("holdfast/TryAgainLater")(
  "TryAgainLater",
  fieldsOf(1013)
) {
  override get message(): string {
    return describe(this)
  }
}

/** 1014: a gateway got an invalid answer from upstream. */
export class BadGateway extends Schema.TaggedError<BadGateway>("holdfast/BadGateway")("BadGateway", fieldsOf(1014)) {
  override get message(): string {
    return describe(this)
  }
}

/** 3000: not authenticated. */
export class Unauthorized
  extends Schema.TaggedError<Unauthorized>("holdfast/Unauthorized")("Unauthorized", fieldsOf(3000))
{
  override get message(): string {
    return describe(this)
  }
}

/** 3003: not allowed. */
export class Forbidden extends Schema.TaggedError<Forbidden>("holdfast/Forbidden")("Forbidden", fieldsOf(3003)) {
  override get message(): string {
    return describe(this)
  }
}

/** 3008: the endpoint waited too long. */
export class PeerTimeout
  extends Schema.TaggedError<PeerTimeout>("holdfast/PeerTimeout")("PeerTimeout", fieldsOf(3008))
{
  override get message(): string {
    return describe(this)
  }
}

/** Any other code from 3000 to 3999, registered by a library or framework. */
export class RegisteredClose extends Schema.TaggedError<RegisteredClose>("holdfast/RegisteredClose")(
  "RegisteredClose",
  fields
) {
  override get message(): string {
    return describe(this)
  }
}

/** A code from 4000 to 4999, private to the service. */
export class ApplicationClose extends Schema.TaggedError<ApplicationClose>("holdfast/ApplicationClose")(
  "ApplicationClose",
  fields
) {
  override get message(): string {
    return describe(this)
  }
}

/** Every reason that comes with a Close frame. */
export const CloseReason = Schema.Union([
  NormalClosure,
  GoingAway,
  ProtocolViolation,
  UnsupportedData,
  NoStatus,
  InvalidPayload,
  PolicyViolation,
  MessageTooBig,
  MandatoryExtension,
  InternalError,
  ServiceRestart,
  TryAgainLater,
  BadGateway,
  Unauthorized,
  Forbidden,
  PeerTimeout,
  RegisteredClose,
  ApplicationClose
])

/** Every reason that comes with a Close frame. */
export type CloseReason = typeof CloseReason.Type

const byCode: ReadonlyMap<number, new(frame: Frame) => CloseReason> = new Map<number, new(frame: Frame) => CloseReason>(
  [
    [1000, NormalClosure],
    [1001, GoingAway],
    [1002, ProtocolViolation],
    [1003, UnsupportedData],
    [1005, NoStatus],
    [1007, InvalidPayload],
    [1008, PolicyViolation],
    [1009, MessageTooBig],
    [1010, MandatoryExtension],
    [1011, InternalError],
    [1012, ServiceRestart],
    [1013, TryAgainLater],
    [1014, BadGateway],
    [3000, Unauthorized],
    [3003, Forbidden],
    [3008, PeerTimeout]
  ]
)

/**
 * The reason for a Close frame.
 *
 * An illegal code on the wire is answered with 1002 (RFC 6455 §7.4), so it
 * becomes a `ProtocolViolation` that *we* began, whose text names the code.
 */
export const fromCloseFrame = (frame: {
  readonly code: number
  readonly closeReason?: string | undefined
  readonly initiator?: Initiator | undefined
}): CloseReason => {
  const given: Frame = {
    code: frame.code,
    closeReason: frame.closeReason ?? "",
    initiator: frame.initiator ?? "peer"
  }
  const Known = byCode.get(given.code)
  if (Known !== undefined) return new Known(given)
  if (given.code >= 3000 && given.code <= 3999) return new RegisteredClose(given)
  if (given.code >= 4000 && given.code <= 4999) return new ApplicationClose(given)
  return new ProtocolViolation({
    code: 1002,
    closeReason: `illegal close code ${given.code}`,
    initiator: "self"
  })
}
