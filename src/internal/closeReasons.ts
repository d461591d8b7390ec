/**
 * The reasons that come with a Close frame: one class a code of the table in
 * RFC 6455 §7.4.1 and the IANA registry, and the function from a frame to its
 * reason.
 */
import type { YieldableError } from "effect/Cause"
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
  (frame.closeReason === ""
    ? ""
    : `; ${frame.initiator === "peer" ? "it" : "we"} said ${JSON.stringify(frame.closeReason)}`)

type CodeFields = ReturnType<typeof fieldsOf>

// All have the same fields and tell of them in the same words. The casts: the compiler cannot extend a class whose tag
// it does not know yet.
const told = (tag: string, of: typeof fields | CodeFields): unknown => {
  class Told extends Schema.TaggedError<Told>(`holdfast/${tag}`)(tag, of as typeof fields) {
    override get message(): string {
      return describe(this)
    }
  }
  return Told
}

/** The class of one code. */
const ofCode = <Self>() => <Tag extends string>(tag: Tag, code: number) =>
  told(tag, fieldsOf(code)) as Schema.Class<Self, Schema.TaggedStruct<Tag, CodeFields>, YieldableError>

/** The class of a range of codes. */
const ofRange = <Self>() => <Tag extends string>(tag: Tag) =>
  told(tag, fields) as Schema.Class<Self, Schema.TaggedStruct<Tag, typeof fields>, YieldableError>

/** 1000: the purpose was fulfilled, or a proxy or server used it for a time-out. */
export class NormalClosure extends ofCode<NormalClosure>()("NormalClosure", 1000) {}

/** 1001: the endpoint is going away. */
export class GoingAway extends ofCode<GoingAway>()("GoingAway", 1001) {}

/** 1002: somebody broke the protocol. With `initiator: "self"` it was the peer. */
export class ProtocolViolation extends ofCode<ProtocolViolation>()("ProtocolViolation", 1002) {}

/** 1003: a type of data that the endpoint does not accept. */
export class UnsupportedData extends ofCode<UnsupportedData>()("UnsupportedData", 1003) {}

/** 1005: a Close frame without a code. */
export class NoStatus extends ofCode<NoStatus>()("NoStatus", 1005) {}

/** 1007: a message that is not what its type says. */
export class InvalidPayload extends ofCode<InvalidPayload>()("InvalidPayload", 1007) {}

/** 1008: a message against the endpoint's policy. */
export class PolicyViolation extends ofCode<PolicyViolation>()("PolicyViolation", 1008) {}

/** 1009: a message larger than the endpoint accepts. */
export class MessageTooBig extends ofCode<MessageTooBig>()("MessageTooBig", 1009) {}

/** 1010: an extension that was needed was not negotiated. */
export class MandatoryExtension extends ofCode<MandatoryExtension>()("MandatoryExtension", 1010) {}

/** 1011: the endpoint met an unexpected condition. */
export class InternalError extends ofCode<InternalError>()("InternalError", 1011) {}

/** 1012: the service restarts. */
export class ServiceRestart extends ofCode<ServiceRestart>()("ServiceRestart", 1012) {}

/** 1013: the service is overloaded. */
export class TryAgainLater extends ofCode<TryAgainLater>()("TryAgainLater", 1013) {}

/** 1014: a gateway got an invalid answer from upstream. */
export class BadGateway extends ofCode<BadGateway>()("BadGateway", 1014) {}

/** 3000: not authenticated. */
export class Unauthorized extends ofCode<Unauthorized>()("Unauthorized", 3000) {}

/** 3003: not allowed. */
export class Forbidden extends ofCode<Forbidden>()("Forbidden", 3003) {}

/** 3008: the endpoint waited too long. */
export class PeerTimeout extends ofCode<PeerTimeout>()("PeerTimeout", 3008) {}

/** Any other code from 3000 to 3999, registered by a library or framework. */
export class RegisteredClose extends ofRange<RegisteredClose>()("RegisteredClose") {}

/** A code from 4000 to 4999, private to the service. */
export class ApplicationClose extends ofRange<ApplicationClose>()("ApplicationClose") {}

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
